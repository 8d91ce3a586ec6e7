package lake_test

const exportInto, exportSeed = "LAKE_TEST_EXPORT_INTO", "LAKE_TEST_SEED"

func exportAgain(string, string) error { return nil }
