// Package portal is a client for the UKCloud (Skyscape) Portal API.
//
// It follows the vendor's API reference and, where the two differ, what public
// recordings show the portal really did; comments name the difference. A Client
// keeps one session: it logs in by itself, renews the session before it runs out,
// recognises an expired one in every disguise, and stops trying before rejected
// logins lock the account.
//
// A request passes through a chain of round trippers, one file each:
//
//	session   a good session before, one new login after an answer that looks expired
//	retry     connection errors, 429 and 5xx, with jitter and Retry-After
//	limit     calls at once, calls a second
//	cookies   out of the jar and into it
//	metrics   by route template
//	log       one debug line, without secrets
//
// A login goes through the last two alone. A write, which nothing may send twice,
// enters at limit; ping goes before it and finds out whether the session is good.
//
// Client returns plain values, Client.Conditional the same with validators for who
// asks again and again. What the portal leaves out or garbles is an Optional that is
// not Valid; a wrong kind where a list belongs is an error, so that nothing looks
// like an empty estate.
package portal
