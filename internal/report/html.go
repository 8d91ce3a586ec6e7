package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"

	"ukcloud_exporter/internal/page"
)

//go:embed report.html
var reportHTML string

//go:embed report.css
var reportCSS string

// HTML writes the document as one file: no script, and nothing from elsewhere, which
// its own policy forbids besides.
func (d *Document) HTML(w io.Writer) error {
	css := page.CSS + reportCSS
	style := sha256.Sum256([]byte(css))
	t, err := template.New("report").Funcs(template.FuncMap{
		"visible": page.Visible,
		"css":     func() template.CSS { return template.CSS(css) },
		"policy": func() string {
			return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'; base-uri 'none'; form-action 'none'"
		},
		"bar": func(k Kind) bool { return k == Bars },
		"class": func(k Kind) string {
			return [...]string{Words: "", Number: "number", Bars: "bars", Code: "code"}[k]
		},
	}).Parse(reportHTML + page.ChartHTML)
	if err != nil {
		return err
	}
	return t.Execute(w, d)
}
