// Package simulator is a simulated portal. The vendor is gone, so that this and
// a few recordings are all that is left to test against; it serves the tests,
// the simulate command and the demo.
//
// Everything follows from the seed, the clock and what users wrote: the same
// options, clock and writes give the same bytes, whatever was asked before. An
// estate in which nobody writes is what its seed makes it. The package shares no
// code with the client, so that a mistake in one shows against the other.
//
// # What is true to a recording
//
// The frequencies of sizes, shapes, operating systems, storage, power rhythms,
// backup states and times, the key order, the casing, the repeated ids and
// names, the prices and the formula of the live costs are those of the real
// compute_services answer of March 2016; the recorded headers, cookies, login
// forms and error bodies are used for every endpoint; lists have the shapes that
// public clients of the portal decoded. A VDC is built as in the recordings of
// 2016 and 2020: 202, a Location without a host, approved, running, completed,
// and the class before its name.
//
// # What is a guess
//
// Reading:
//
//   - Live fields are as of the whole hour and are billed up to the hour before;
//     months begin at 00:00 UTC. The recording is an hour behind, in winter.
//   - A VM that no backup policy covers ("Not in policy") has inBackup false and
//     retentionLength null; a VM younger than the last billing run has null hours.
//     A client made these fields nullable when it saw live data.
//   - "Completed w/Exception(s)" counts as a successful backup: restores work.
//   - vmotion_events is a bare array, newest first: its section speaks of an
//     array, its example shows one object.
//   - Lists of builds go back 30 days, tickets 180: a list that never ends would
//     be odd, and every state is then on show.
//   - A drawn build has no attribute but those of the reference's schema; that of
//     an edge gateway does not say what it connects to.
//   - my_vm is also found as /api/myvm. The reference's curl line asks for my\vm,
//     of which a shell makes that, and every line of the reference shall run.
//
// Bills:
//
//   - No byte of a real file is known. EventDate is YYYY-MM-DD, times
//     end in UTC, PowerState is On or Off, storage is in whole GiB rounded up and
//     without the swap file. What is included is never more than what is used,
//     so that Chargeable = Used + SnapshotUsed - Included holds in every row. A
//     monthly storage price becomes an hourly one by dividing by 730 and rounding
//     to nine places: £0.10 is 0.000136986. All products are then exact in nine
//     places. While a VM is off, no compute, licence or compute protection is
//     charged. A period before the history or in the future is the header alone.
//   - cloud-storage-report: Org Id is the service id, Service Id the number of
//     the vOrg; each bucket is priced by tiers of its own; ENHANCED costs half as
//     much again as STANDARD.
//   - An org_id that has not the form of the reference's schemas is 400; one of a
//     foreign account, or that the user may not see bills of, is 403, which the
//     reference does not list but every other endpoint has.
//   - Prices of Tier 1 storage, of protection other than for Small, of GPUs and
//     of services that are not VMs are made up.
//
// Requests:
//
//   - The stack was very probably Rack with Grape, so what nobody recorded is
//     answered as Grape does: HEAD wherever there is GET, OPTIONS with 204, both
//     lists of methods in Allow, {"error":"405 Not Allowed"}, and parameters that
//     are missing, of a wrong type ("email is invalid") or of no valid value as
//     400 in its words. Broken JSON is 400 with a detail of its own.
//   - Without a session everything but a login is 401, unknown paths and methods
//     too, because Grape runs what checks the session before those.
//   - Only a 401 is on record as XML. Every other answer, asked for as XML by
//     suffix or by an Accept header that takes no JSON, is 406 in Grape's words.
//     A login that is accepted answers in JSON whatever was asked.
//   - Wrong passwords lock a user after the seventh, as in the browser's portal.
//   - Bodies end at 1 MiB: 400 above.
//
// Users: the portal's permissions were many; the roles here are the cases that
// its answers tell apart. Who sees no compute service gets the recorded 403 for
// VDCs everywhere, but a my_vm without accounts and a 404 for a build, as the
// reference has it. Tickets are everybody's who sees an account.
//
// Tickets:
//
//   - my_calls without ?for lists the user's own tickets, those that the user
//     owns. Of the statuses only Awaiting Review and Closed are on record. Drawn
//     tickets that are not the login's belong to somebody who is not a user.
//   - Numbers of tickets that users open count from 10001, which the reference's
//     examples name and the drawn ones never reach. INC is an incident, REQ a
//     service request, as recorded; the answer is the ticket as the list has it.
//   - A ticket is New, and every change of it 422, until it is approved: the
//     reference's note speaks of closing and cancelling and of trying again later.
//   - What is Closed or Cancelled takes nothing but reopen, and only that or what
//     is Resolved can be reopened; it goes on as Awaiting Review. Anything else is
//     422, the reference's "error saving the update".
//   - To subscribe twice, or to unsubscribe who is not subscribed, is no error.
//     A user who does not exist, or who sees no account, is 400 (reference).
//   - A blank text is 422, a missing one 400: one cannot be saved, one is no
//     request.
//   - Values of the reference's lists are compared without case, commas and ">",
//     because its own curl line and the public client spell them differently.
//   - updates have what a public client read: type, text, owner and submitted_on;
//     changes, of which nothing is known, have the same. A note is in both.
//   - Where the reference has no body the answer is null: a Grape server makes
//     that of nothing, and the public client, which decodes it, can read it.
//
// Builds:
//
//   - Numbers of builds that users start count from 1, each kind for itself, as
//     the reference's examples have 10 for two kinds.
//   - A quarter of the time a build waits for approval, then it runs.
//   - A build fails when the name is taken, or when an edge gateway's connectivity
//     is not that of the vOrg's domain: External is for Elevated, and only vOrgs
//     that were built in the zones D and 12 are that.
//   - A zone that the reference does not list is 500, as its section says.
//   - Names of VDCs have no "+", in Era2020 no parentheses either, and 32
//     characters at most. The prefix of a PRIORITY VDC is made up.
//   - A new VDC holds one VM in one vApp, from the beginning of the hour in which
//     it was completed. Its owner would have made one elsewhere, by vCloud
//     Director, and without one a VDC has no bill and shows in no live cost.
package simulator
