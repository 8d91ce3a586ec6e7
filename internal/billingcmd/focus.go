package billingcmd

import (
	"context"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"
)

func registerFocus(parent *kingpin.CmdClause, env Environment) Run {
	return func(context.Context, *slog.Logger) error { return nil }
}
