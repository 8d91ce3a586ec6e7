package state

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"ukcloud_exporter/money"
)

// The document's own marks. A change that an older program would misread raises
// the version.
const (
	format  = "ukcloud_exporter state"
	version = 1
)

// document is the whole file. Rejected logins stood beside the sections before
// package loginguard had a file of its own; it takes them over from here, and an
// older program finds them again, so they stay as they are.
type document struct {
	Format     string                    `json:"format"`
	Version    int                       `json:"version"`
	Rejections jsontext.Value            `json:"rejections,omitzero"`
	Sections   map[string]jsontext.Value `json:"sections"`
}

func newDocument() document {
	return document{Format: format, Version: version, Sections: map[string]jsontext.Value{}}
}

// jsonOptions: equal values give equal bytes, so that an unchanged document is
// recognised; what was nil is nil after a restart too; a name that is not UTF-8
// costs its odd bytes, not the save; money is decimal text, never a float.
var jsonOptions = json.JoinOptions(
	json.Deterministic(true),
	json.FormatNilSliceAsNull(true),
	json.FormatNilMapAsNull(true),
	jsontext.AllowInvalidUTF8(true),
	json.WithMarshalers(json.MarshalToFunc(func(e *jsontext.Encoder, a money.Amount) error {
		return e.WriteToken(jsontext.String(a.String()))
	})),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, a *money.Amount) error {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() != '"' {
			return errors.New("money is not text")
		}
		*a, err = money.Parse(token.String())
		return err
	})),
)

func encode(d document) ([]byte, error) {
	return json.Marshal(d, jsonOptions)
}

// decode reads a document of exactly this version; the error says why it is none.
func decode(data []byte) (document, error) {
	var mark struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &mark); err != nil {
		return document{}, fmt.Errorf("torn or not JSON: %w", err)
	}
	if mark.Format != format || mark.Version < 1 {
		return document{}, errors.New("not a state file of this program")
	}
	if mark.Version > version {
		return document{}, fmt.Errorf("version %d is newer than this program, which knows version %d", mark.Version, version)
	}
	d := newDocument()
	if err := json.Unmarshal(data, &d, json.RejectUnknownMembers(true), jsonOptions); err != nil {
		return document{}, fmt.Errorf("damaged: %w", err)
	}
	if d.Sections == nil { // "sections": null
		d.Sections = map[string]jsontext.Value{}
	}
	return d, nil
}
