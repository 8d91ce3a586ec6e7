package portal

import "testing"

func TestPrintable(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "Café 1", "Café 1"},
		{"lines", "a\nb\r\nc", "a b  c"},
		{"tab", "a\tb", "a b"},
		{"what a terminal obeys", "a\x1b[31mb\x00\x7f", "a[31mb"},
		{"direction of writing", "a\u202eb", "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := printable(tt.text); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
