package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what a user of the portal may do.
type Role string

// The roles. The portal's own permissions were finer; these are the cases that
// its answers tell apart.
const (
	Administrator Role = "administrator" // everything
	ReadOnly      Role = "read-only"     // sees everything, builds nothing; tickets are everybody's
	BillingOnly   Role = "billing-only"  // sees accounts, bills and tickets, no compute service
	NoAccount     Role = "no-account"    // may log in, and sees no account
)

var roles = []Role{Administrator, ReadOnly, BillingOnly, NoAccount}

// User is one who may log in beside Options.Email.
type User struct {
	Email, Password string
	Role            Role
}

// ParseUser reads EMAIL:PASSWORD:ROLE. A password may have colons in it. The
// error never shows the password.
func ParseUser(text string) (User, error) {
	email, rest, _ := strings.Cut(text, ":")
	last := strings.LastIndexByte(rest, ':')
	if last < 0 {
		return User{}, fmt.Errorf("user %q: want EMAIL:PASSWORD:ROLE", email)
	}
	u := User{Email: email, Password: rest[:last], Role: Role(rest[last+1:])}
	return u, u.valid()
}

func (u User) valid() error {
	switch {
	case u.Email == "" || strings.ContainsAny(u.Email, " \t"):
		return fmt.Errorf("user %q: the address is empty or has a blank", u.Email)
	case u.Password == "":
		return fmt.Errorf("user %q: the password is empty", u.Email)
	case !slices.Contains(roles, u.Role):
		return fmt.Errorf("user %q: unknown role: valid are %s", u.Email, roleNames())
	}
	return nil
}

func roleNames() string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// right is what a call needs of its user.
type right int

const (
	loggedIn right = iota
	seesCompute
	seesBilling
	administers
)

func (u *User) may(need right) bool {
	switch need {
	case seesCompute:
		return u.Role == Administrator || u.Role == ReadOnly
	case seesBilling:
		return u.Role != NoAccount
	case administers:
		return u.Role == Administrator
	}
	return true
}

// user returns the user with an address, nil if there is none. Addresses are
// compared without case.
func (p *Portal) user(email string) *User {
	for i := range p.users {
		if strings.EqualFold(p.users[i].Email, strings.TrimSpace(email)) {
			return &p.users[i]
		}
	}
	return nil
}
