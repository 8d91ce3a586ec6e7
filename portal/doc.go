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
// A login goes through the last two alone.
package portal
