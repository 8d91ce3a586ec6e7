package simulator

import "fmt"

// Names are made of catalogue words, with what real names hold and what breaks
// careless code: slashes, parentheses, quotes, commas and letters beyond ASCII.

var accountNames = []string{
	"Example Development Team", "Demo", "Café & Söhne “Pilot”", `The "Old" Agency (closing)`, "Ministry of Examples, Digital/Data",
}

func vorgName(n int) string {
	names := [...]string{"Case Management", "Analytics (live)", "Intranet/Extranet", "Proof of Concept", "Überwachung & Logs", `Project "Falcon"`, "Spare", "Training"}
	if n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%s %d", names[n%len(names)], n/len(names)+1)
}

// vdcName follows both recorded styles: the class in parentheses behind the
// name, and the portal's own prefix before it. No prefix of a PRIORITY VDC was
// ever recorded, so those have the old style.
func vdcName(v *vorg, n int, c class) string {
	base := v.name
	if n > 0 {
		base = fmt.Sprintf("%s %d", v.name, n+1)
	}
	switch {
	case v.number%2 == 1 || c == priority:
		return fmt.Sprintf("%s (%s)", base, c.oldName())
	case c == essential:
		return "A-ESS-" + base
	default:
		return "A-POW-" + base
	}
}

// edgeName is like the reference's "My Edge - nft00002i2".
func edgeName(vdc string, n int) string { return fmt.Sprintf("%s - nft%05di2", vdc, n) }

func vAppName(x *vdc, n int) string {
	words := [...]string{"web", "database", "batch", "directory", "monitoring", "build/test", "gateway", "search"}
	return fmt.Sprintf("vApp_%s_%02d", words[(n+len(x.name))%len(words)], n+1)
}

// vmName is unique inside a vApp. Clones of a vApp hold VMs of the same names,
// which is how the recorded answer came to 192 repeated names in an account.
func vmName(s *slot, generation int64, d draw) string {
	roles := [...]string{"web", "app", "db", "cache", "queue", "dns", "ldap", "proxy", "mail", "build"}
	if s.vapp.clone {
		return fmt.Sprintf("%s%02d", roles[s.place%len(roles)], s.place/len(roles)+1)
	}
	role := roles[d.of(topicName, s.number).below(len(roles))]
	name := fmt.Sprintf("%s%05d", role, s.number+1)
	switch s.number % 53 {
	case 3:
		name += "/blue"
	case 13:
		name += " (old, do not use)"
	case 19:
		name += ` "gold"`
	case 29:
		name += "-Überprüfung-№7"
	case 37:
		name += "-a-name-longer-than-the-thirty-two-characters-shown"
	}
	// A rebuilt VM keeps its name as often as not; its URN is always new.
	if generation%2 != 0 {
		name += fmt.Sprintf("-r%d", generation%100)
	}
	return name
}
