package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAuditSees shows the audit one mistake after the other, so that each of its
// assertions is known to fail.
func TestAuditSees(t *testing.T) {
	const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	table := "<table><caption>c</caption><thead><tr><th scope=col>a</th><th scope=col>b</th></tr></thead><tbody><tr><th scope=row>1</th><td>2</td></tr></tbody></table>"
	tests := []struct {
		name, policy, head, body string
		want                     string // "" is nothing wrong
	}{
		{"nothing", policy, "", "<nav aria-label=n><a href=/>x</a></nav><main><h2>b</h2>" + table + "<svg role=img aria-label=l><rect width=9 height=9 /></svg></main>", ""},
		{"too wide", policy, "", "<main><p style='width:2000px'>x</p></main>", "width: the page is 20"},
		{"cut off", policy, "<style>body{overflow-x:hidden}html{overflow-x:hidden}</style>", "<main><p style='width:2000px'>x</p></main>", "width: <p> x reaches from"},
		{"a wide table in a box of its own", policy, "<style>div{overflow-x:auto} table{width:2000px}</style>", "<main><div>" + table + "</div></main>", ""},
		{"pale text", policy, "<style>p{color:#888}</style>", "<main><p>pale</p></main>", "contrast: 3.54 of “pale”, rgb(136, 136, 136) on 255,255,255"},
		{"text that shines through", policy, "<style>div{opacity:.5}</style>", "<main><div><p>pale</p></div></main>", "contrast: 3.9"},
		{"text on a colour behind", policy, "<style>div{background:#555}</style>", "<main><div><p>dark</p></div></main>", "contrast: 2.82 of “dark”"},
		{"pale text in a drawing", policy, "<style>text{fill:#888}</style>", "<main><svg role=img aria-label=l><text y=20>pale</text></svg></main>", "contrast: 3.54 of “pale”"},
		{"text over a bar", policy, "", "<main><svg role=img aria-label=l><rect width=90 height=90 fill=#333 /><text y=20>dark</text></svg></main>", "contrast: 1.66 of “dark” over a bar"},
		{"small text in a drawing", policy, "", "<main><svg role=img aria-label=l width=100 viewBox='0 0 1000 400'><text y=20>small</text></svg></main>", "size: “small” is"},
		{"pale button", policy, "<style>button{color:#aaa;background:#fff}</style>", "<main><button>b</button></main>", "contrast: 2.3"},
		{"pale bar", policy, "<style>rect{fill:#aaa}</style>", "<main><svg role=img aria-label=l><rect width=9 height=9 /></svg></main>", "mark: 2.32 of <rect>"},
		{"pale line", policy, "<style>line{stroke:#ccc}</style>", "<main><svg role=img aria-label=l><line x1=0 x2=9 y1=2 y2=9 /></svg></main>", "mark: 1.61 of <line>"},
		{"pale mark before a word", policy, "<style>p::before{content:'● ';color:#ccc}</style>", "<main><p>x</p></main>", "mark: 1.61 of the mark before <p> x"},
		{"pale block before a word", policy, "<style>p::before{content:'';display:inline-block;width:9px;height:9px;background:#ccc}</style>", "<main><p>x</p></main>", "mark: 1.61 of the mark before <p> x"},
		{"a heading is left out", policy, "", "<main><h3>c</h3></main>", "headings: <h3> c after <h1> title"},
		{"two titles", policy, "", "<main><h1>b</h1></main>", "headings: 2 h1"},
		{"an empty heading", policy, "", "<main><h2></h2></main>", "headings: <h2>"},
		{"no main", policy, "", "<p>x</p>", "landmarks: 0 main"},
		{"nav without a name", policy, "", "<nav><a href=/>x</a></nav><main></main>", "landmarks: <nav> x has no label"},
		{"section named by nothing", policy, "", "<main><section aria-labelledby=gone>x</section></main>", "landmarks: <section> x has no label"},
		{"table without a caption", policy, "", "<main>" + strings.Replace(table, "<caption>c</caption>", "", 1) + "</main>", "tables: <table>"},
		{"column without a scope", policy, "", "<main>" + strings.Replace(table, "<th scope=col>b", "<th>b", 1) + "</main>", "tables: <th> b has no scope"},
		{"column without a name", policy, "", "<main>" + strings.Replace(table, "col>b", "col>", 1) + "</main>", "tables: a column of"},
		{"row without a name", policy, "", "<main>" + strings.Replace(table, "<th scope=row>1</th>", "<td>1</td>", 1) + "</main>", "tables: no cell names the row"},
		{"row without a cell", policy, "", "<main>" + strings.Replace(table, "<td>2</td>", "", 1) + "</main>", "tables: a row of 1 cells under 2 columns"},
		{"drawing without words", policy, "", "<main><svg><rect width=9 height=9 /></svg></main>", "images: <svg>"},
		{"link without words", policy, "", "<main><a href=/></a></main>", "links: a link"},
		{"choice without a name", policy, "", "<main><select><option>x</select></main>", "forms: <select>"},
		{"two of one id", policy, "", "<main><p id=a>x</p><p id=a>y</p></main>", "ids: a twice"},
		{"script", policy, "", "<main></main><script>1</script>", "document: <script>"},
		{"console", policy, "", "<main></main><script>console.error('trouble')</script>", `console: error [{"type":"string","value":"trouble"`},
		{"exception", policy, "", "<main></main><script>nowhere()</script>", "console: Uncaught"},
		{"what the policy forbids", "default-src 'none'; style-src 'unsafe-inline'", "", "<main></main><script>1</script>", "console: error"},
		{"a style that the policy forbids", "default-src 'none'", "<style>p{color:red}</style>", "<main></main>", "console: error"},
		{"a request elsewhere", "default-src *", "", "<main><img alt=x src=" + elsewhere.URL + "/x.png></main>", "request: " + elsewhere.URL + "/x.png"},
	}
	browser := startChromium(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				w.Header().Set("Content-Security-Policy", test.policy)
				_, _ = w.Write([]byte("<!DOCTYPE html><html lang=en><title>t</title><meta name=viewport content='width=device-width'>" + test.head + "<h1>title</h1>" + test.body + "</html>"))
			}))
			defer server.Close()
			wrong := browser.at(t, server.URL+"/", look{width: 390}).wrong
			if test.want == "" && len(wrong) > 0 {
				t.Errorf("it finds %q", wrong)
			}
			for _, w := range wrong {
				if strings.HasPrefix(w, test.want) {
					return
				}
			}
			if test.want != "" {
				t.Errorf("it finds %q, want %q", wrong, test.want)
			}
		})
	}
}
