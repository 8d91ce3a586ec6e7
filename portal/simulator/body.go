package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const maxBodyBytes = 1 << 20

// parameters are what the body of a call holds. A form has only texts.
type parameters map[string]any

var (
	errNotJSON = errors.New("the body is not JSON")
	errNotForm = errors.New("the body is not a form")
	errTooLong = errors.New("the body is too long")
)

// readParameters takes JSON, with or without a content type, and forms: public
// clients of the login sent all three, and the reference's curl lines for
// subscribers send JSON that curl calls a form. JSON that is not an object has
// no parameters.
func readParameters(r *http.Request) (parameters, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBodyBytes))
	if err != nil {
		return nil, errTooLong
	}
	text := strings.TrimSpace(string(body))
	given := parameters{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" && text != "" || strings.HasPrefix(text, "{") {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, errNotJSON
		}
		if object, ok := value.(map[string]any); ok {
			given = object
		}
		return given, nil
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, errNotForm
	}
	for name := range form {
		given[name] = form.Get(name)
	}
	return given, nil
}

// badBody is the answer to a body that cannot be read.
func badBody(err error) *answer {
	a := failure(http.StatusBadRequest, "400 Bad Request", err.Error())
	return &a
}

// texts returns required parameters that have to be texts. What is wrong with
// them is said in the words of a Grape server: "email is missing, password is
// invalid". The prefix names the object that they stand in.
func (ps parameters) texts(prefix string, names ...string) (values []string, wrong *answer) {
	var problems []string
	for _, name := range names {
		label := name
		if prefix != "" {
			label = prefix + "[" + name + "]"
		}
		value, isText := ps[name].(string)
		switch {
		case ps[name] == nil:
			problems = append(problems, label+" is missing")
		case !isText:
			problems = append(problems, label+" is invalid")
		}
		values = append(values, value)
	}
	if problems != nil {
		a := failure(http.StatusBadRequest, strings.Join(problems, ", "), "")
		return nil, &a
	}
	return values, nil
}
