package collector

// together are compute services whose bills are published together, because what one of
// them shows depends on the others: by their number in a round.
type together struct {
	services []int
	waiting  int // for so many of them
}

// groups says of each compute service with which it is published: those of an account
// where they share vm_limit_per_account, otherwise each by itself. bills are two of each.
func (c *BillingCSV) groups(bills []*monthBill) []*together {
	groups := make([]*together, len(bills)/2)
	ofAccount := map[string]*together{}
	for i := range groups {
		account := bills[2*i].account
		if c.settings.VMLimitPerAccount == 0 || ofAccount[account] == nil {
			ofAccount[account] = new(together)
		}
		groups[i] = ofAccount[account]
		groups[i].services = append(groups[i].services, i)
		groups[i].waiting++
	}
	return groups
}

// limits says how many resources each of these bills shows by themselves: vm_limit at
// most, and all together vm_limit_per_account, the dearest of all first. Which bill came
// first does not matter. A bill that is not known has no share.
func (s BillingSettings) limits(bills []*monthBill) []int {
	shown := make([]int, len(bills))
	if s.VMLimitPerAccount == 0 {
		for i := range shown {
			shown[i] = s.VMLimit
		}
		return shown
	}
	for range s.VMLimitPerAccount {
		next := -1
		for i, b := range bills {
			if b.bill == nil || shown[i] == min(s.VMLimit, len(b.bill.Resources)) {
				continue
			}
			if next < 0 || b.dearer(shown[i], bills[next], shown[next]) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		shown[next]++
	}
	return shown
}

// dearer reports whether resource i of b goes before resource j of other. The resources
// of a bill are in order.
func (b *monthBill) dearer(i int, other *monthBill, j int) bool {
	cost, others := b.bill.Resources[i].Cost.Value, other.bill.Resources[j].Cost.Value
	return cost > others || cost == others && b.vorg < other.vorg
}
