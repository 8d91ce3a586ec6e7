package portal

import (
	"context"
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	api "ukcloud_exporter/portal"
)

// ordering are the flags of every command that orders a build.
type ordering struct {
	account *string
	wait    *bool
	timeout *time.Duration
	yes     *bool
}

func (r *registrar) orderFlags(clause *kingpin.CmdClause) ordering {
	r.formatFlag(clause)
	return ordering{
		account: clause.Flag("account", "Account. Default: the one that is configured or that the login sees.").String(),
		wait:    clause.Flag("wait", "Wait until it is built.").Bool(),
		timeout: clause.Flag("wait-timeout", "How long to wait; the build goes on whatever happens here.").Default("30m").Duration(),
		yes:     yesFlag(clause),
	}
}

func (r *registrar) create(parent *kingpin.CmdClause) {
	r.createVOrg(parent.Command("vorg", "Order a compute service (vOrg)."))
	r.createVDC(parent.Command("vdc", "Order a VDC."))
	r.createEdgeGateway(parent.Command("edge-gateway", "Order an edge gateway."))
}

func (r *registrar) createVOrg(clause *kingpin.CmdClause) {
	name := clause.Arg("NAME", "Name of the vOrg.").Required().String()
	zone := clause.Flag("zone", "Zone: B, F, 2D and 2E are Assured, D and 12 Elevated.").Required().Enum(words(api.Zones())...)
	o := r.orderFlags(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		return c.order(ctx, o, func(account api.Account) string {
			return fmt.Sprintf("create the vOrg %q in zone %s of account %s", *name, *zone, describe(account))
		}, func(account api.Account) (*api.Build, error) {
			return c.Client.CreateVOrg(ctx, account.ID, *name, api.Zone(*zone))
		})
	})
}

func (r *registrar) createVDC(clause *kingpin.CmdClause) {
	name := clause.Arg("NAME", "Name of the VDC, at most 32 characters; the portal puts A-ESS- and the like before it.").Required().String()
	vorg := clause.Flag("vorg", "vOrg to create it in, for example 735-2 or 2.").Required().String()
	vmType := clause.Flag("type", "Type of its VMs.").Required().Enum(words(api.VMTypes())...)
	o := r.orderFlags(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		return c.order(ctx, o, func(account api.Account) string {
			return fmt.Sprintf("create the VDC %q (%s) in vOrg %s of account %s", *name, *vmType, *vorg, describe(account))
		}, func(account api.Account) (*api.Build, error) {
			return c.Client.CreateVDC(ctx, account.ID, *vorg, *name, api.VMType(*vmType))
		})
	})
}

func (r *registrar) createEdgeGateway(clause *kingpin.CmdClause) {
	vorg := clause.Flag("vorg", "vOrg of the VDC, for example 735-2 or 2.").Required().String()
	vdc := clause.Flag("vdc", "URN of the VDC to create it in.").Required().String()
	connectivity := clause.Flag("connectivity", "Internet in the Assured domain, External in the Elevated.").Required().Enum(words(api.Connectivities())...)
	o := r.orderFlags(clause)
	r.add(clause, func(ctx context.Context, c *command) error {
		return c.order(ctx, o, func(account api.Account) string {
			return fmt.Sprintf("create an edge gateway (%s) in VDC %s, vOrg %s of account %s", *connectivity, *vdc, *vorg, describe(account))
		}, func(account api.Account) (*api.Build, error) {
			return c.Client.CreateEdgeGateway(ctx, account.ID, *vorg, *vdc, api.Connectivity(*connectivity))
		})
	})
}

func describe(a api.Account) string {
	if a.Name == "" {
		return a.ID
	}
	return fmt.Sprintf("%s (%s)", a.ID, a.Name)
}

// order orders a build, waits for it if that is wanted, and prints it.
func (c *command) order(ctx context.Context, o ordering, say func(api.Account) string, do func(api.Account) (*api.Build, error)) error {
	account, err := c.theAccount(ctx, *o.account)
	if err != nil {
		return err
	}
	if err := c.confirm(*o.yes, "%s", say(account)); err != nil {
		return err
	}
	build, err := do(account)
	if err != nil {
		return unknown(err, "builds --account "+account.ID)
	}
	if *o.wait {
		build, err = c.wait(ctx, o, build)
	}
	t := buildTable()
	addBuild(t, *build)
	if printErr := c.print(t); printErr != nil {
		return printErr
	}
	return err
}

// wait waits for a build. It returns the build as last seen also beside an error.
func (c *command) wait(ctx context.Context, o ordering, build *api.Build) (*api.Build, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, *o.timeout, fmt.Errorf("--wait-timeout=%s is over", *o.timeout))
	defer cancel()
	last, err := c.Client.WaitBuild(ctx, build.Kind, build.ID, func(b api.Build) {
		_, _ = fmt.Fprintf(c.env.Stderr, "Build %s is %s.\n", printable(b.ID), printable(b.State))
	})
	if last == nil {
		last = build
	}
	return last, err
}
