package conformance

// shapes are schemas for bodies that the reference has no schema of, made from
// its tables and examples and, where the facts on record differ, from those.
var shapes = map[string]string{
	"POST /api/authenticate": `{"type":"object","properties":{"expire_after":{"type":"integer","minimum":1}},"additionalProperties":false}`,
	"GET /api/ping":          `{"const":{"response":"OK"}}`,
	"GET /api/my_calls":      `{"type":"array","items":` + ticketShape + `}`,
	"POST /api/my_calls":     ticketShape,
	"GET /api/my_calls/:ticket_id": `{"type":"object","additionalProperties":false,"required":["ticket","updates","changes"],"properties":{
		"ticket":{"type":"object","required":["ticket_id","status"],"properties":{"ticket_id":{"type":"string"},"status":{"type":"string"},"Description":{"type":"string"}}},
		"updates":` + updatesShape + `,"changes":{"type":"array"}}}`,
	"PUT /api/my_calls/:ticket_id":              updatesShape,
	"PUT /api/my_calls/:ticket_id/subscribe":    nothingShape,
	"PUT /api/my_calls/:ticket_id/unsubscribe":  nothingShape,
	"PUT /api/my_calls/:ticket_id/reopen":       nothingShape,
	"PUT /api/my_calls/:ticket_id/change_owner": nothingShape,
	"PUT /api/my_calls/:ticket_id/cancel":       nothingShape,
	"PUT /api/my_calls/:ticket_id/close":        nothingShape,
	"GET /api/my_vm": `{"type":"object","properties":{"warning":{"type":"string"}},"additionalProperties":{"type":"object","required":["vapps","vms"],
		"additionalProperties":false,"properties":{"vapps":` + myVMList(myVAppShape) + `,"vms":` + myVMList(myVMShape) + `}}}`,
	"GET /api/accounts/:account_id/compute_services/:vorg_id": `{"type":"object","additionalProperties":false,"required":["compute_service_id","name","serviceId","urn","VDCs"],"properties":{
		"compute_service_id":{"type":"integer"},"name":{"type":"string"},"serviceId":{"type":"string"},"urn":{"type":"string"},
		"VDCs":{"$ref":"compute.json#/properties/vOrgs/items/properties/VDCs"}}}`,
}

const (
	ticketShape = `{"type":"object","additionalProperties":false,"required":["ticket_id","summary","submitted","status"],"properties":{
		"ticket_id":{"type":"string","pattern":"^[A-Z]{3}[0-9]+$"},"summary":{"type":"string"},"status":{"type":"string","minLength":1},
		"submitted":{"type":"string","pattern":"^[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}$"}}}`
	updatesShape = `{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type","text","owner","submitted_on"],"properties":{
		"type":{"type":"string"},"text":{"type":"string"},"owner":{"type":"string"},"submitted_on":{"type":"string"}}}}`
	nothingShape = `{"type":"null"}`
	errorShape   = `{"type":"object","additionalProperties":false,"required":["error"],"properties":{"error":{"type":"string","minLength":1},"detail":{"type":"string"}}}`
	myVAppShape  = `{"type":"object","additionalProperties":false,"required":["_id","urn","name","ps","total_vms","month_to_date","estimated_monthly_total"],"properties":{
		"_id":{"type":"integer"},"urn":{"type":"string"},"name":{"type":"string"},"ps":{"enum":["On","Off"]},"total_vms":{"type":"integer"},
		"month_to_date":` + poundShape + `,"estimated_monthly_total":` + poundShape + `}}`
	poundShape  = `{"type":["string","null"],"pattern":"^£[0-9]+\\.[0-9]{2}$"}`
	momentShape = `{"type":["string","null"],"pattern":"^[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}$"}`
	myVMShape   = `{"type":"object","additionalProperties":false,"required":["_id","urn","name","size","ps","os","cpu","mem","storage","month_to_date","estimated_monthly_total","in_backup","backups"],"properties":{
		"_id":{"type":"integer"},"urn":{"type":"string"},"name":{"type":"string"},"size":{"type":["string","null"]},"ps":{"type":"string"},"os":{"type":"string"},
		"cpu":{"type":"string","pattern":"^[0-9]+x2GHz$"},"mem":{"type":"string","pattern":"^[0-9]+MB$"},"storage":{"type":"string","pattern":"^[0-9]+GB$"},
		"created_at":` + momentShape + `,"updated_at":` + momentShape + `,"month_to_date":` + poundShape + `,"estimated_monthly_total":` + poundShape + `,
		"comment":{"type":["string","null"]},"last_backup_status":{"type":"string"},"in_backup":{"type":"boolean"},"last_backup":{"type":"string"},
		"retention_length":{"type":["integer","null"]},"billed_hours_powered_on":{"type":["integer","null"]},"billed_hours_powered_off":{"type":["integer","null"]},
		"backups":{"type":"array","items":{"type":"object","additionalProperties":false,"properties":{"status":{"type":"string"},"backup_slot":{"type":"string"},
			"backup_start":` + momentShape + `,"backup_end":` + momentShape + `,"snapshot_removal_start":` + momentShape + `,"snapshot_removal_end":` + momentShape + `}}}}}`
)

// myVMList is a list of objects with one VDC's name each.
func myVMList(item string) string {
	return `{"type":"array","items":{"type":"object","minProperties":1,"maxProperties":1,"additionalProperties":{"type":"array","items":` + item + `}}}`
}

// deviation is where what was recorded, or what clients decoded, is not what the
// reference's schema allows. Nothing else may differ, and each has to be seen in
// the simulated portal.
type deviation struct {
	section string // part of the name
	place   string // regular expression over the place in the body
	reason  string
}

var deviations = []deviation{
	{"/compute_services", `^/vOrgs/\d+/urn$`, "two of eight recorded vOrgs have a bare UUID"},
	{"/compute_services", `/vApps/\d+/urn$`, "one recorded vApp has a URN without a UUID"},
	{"/compute_services", `/VMs/\d+/size$`, "sizes were served as \"Medium high memory\", \"Tier 1 app large\""},
	{"/compute_services", `/VMs/\d+/retentionLength$`, "a client made it nullable when it saw live data"},
	{"/compute_services", `/VMs/\d+/billedHoursPowered(On|Off)$`, "a client made them nullable when it saw live data"},
	{"/vmotion_events", `^/\d+/virtual_machine$`, "the reference's own example is longer than its schema allows"},
	{"/vmotion_events", `^$`, "prose and path say a list, only the schema one object"},
}
