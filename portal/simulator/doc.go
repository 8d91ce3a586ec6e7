// Package simulator is a simulated portal. The vendor is gone, so that this and
// a few recordings are all that is left to test against; it serves the tests,
// the simulate command and the demo.
//
// Everything follows from the seed and the clock: the same options and the same
// clock give the same bytes, whatever was asked before. The package shares no
// code with the client, so that a mistake in one shows against the other.
//
// # What is true to a recording
//
// The frequencies of sizes, shapes, operating systems, storage, power rhythms,
// backup states and times, the key order, the casing, the repeated ids and
// names, the prices and the formula of the live costs are those of the real
// compute_services answer of March 2016; the recorded headers, cookies, login
// forms and error bodies are used for every endpoint; lists have the shapes that
// public clients of the portal decoded.
//
// # What is a guess
//
//   - Live fields are as of the whole hour and are billed up to the hour before;
//     months begin at 00:00 UTC.
//   - A VM that no backup policy covers ("Not in policy") has inBackup false and
//     retentionLength null; a VM younger than the last billing run has null hours.
//   - "Completed w/Exception(s)" counts as a successful backup.
//   - my_calls without ?for lists the user's own tickets. Of the statuses only
//     Awaiting Review and Closed are on record.
//   - vmotion_events is a bare array, newest first.
//   - Lists of builds go back 30 days, tickets 180.
//   - Billing: no byte of a real file is known. EventDate is YYYY-MM-DD, times
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
//   - Prices of Tier 1 storage, of protection other than for Small, of GPUs and
//     of services that are not VMs are made up.
package simulator
