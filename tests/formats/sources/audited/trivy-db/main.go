package main

import (
	"os"

	bolt "go.etcd.io/bbolt"
)

func main() {
	db, err := bolt.Open(os.Args[1], 0o600, nil)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		put := func(path []string, key, value string) {
			b, err := tx.CreateBucketIfNotExists([]byte(path[0]))
			if err != nil {
				panic(err)
			}
			for _, p := range path[1:] {
				if b, err = b.CreateBucketIfNotExists([]byte(p)); err != nil {
					panic(err)
				}
			}
			if err := b.Put([]byte(key), []byte(value)); err != nil {
				panic(err)
			}
		}
		npm := "npm::GitHub Security Advisory Npm"
		pip := "pip::GitHub Security Advisory Pip"
		source := `{"ID":"ghsa","Name":"GitHub Security Advisory","URL":"https://example.invalid/advisories"}`
		put([]string{"data-source"}, npm, source)
		put([]string{"data-source"}, pip, source)
		put([]string{npm, "parcel-of-nothing"}, "CVE-2026-0001", `{"PatchedVersions":["1.2.0"],"VulnerableVersions":["<1.2.0"]}`)
		put([]string{npm, "parcel-of-nothing"}, "GHSA-dddd-eeee-ffff", `{"VulnerableVersions":["<2.0.0"]}`)
		put([]string{pip, "parcel-of-nothing"}, "CVE-2026-0001", `{"PatchedVersions":["1.2"],"VulnerableVersions":["<1.2"]}`)
		put([]string{"vulnerability"}, "CVE-2026-0001", `{"Title":"Runs <anything> | @org","Description":"Runs anything.","VendorSeverity":{"ghsa":4,"nvd":3},"CVSS":{"ghsa":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","V3Score":9.8}},"References":["https://example.invalid/1"]}`)
		put([]string{"vulnerability"}, "GHSA-dddd-eeee-ffff", `{"Title":"Slow","VendorSeverity":{"ghsa":2}}`)
		return nil
	})
	if err != nil {
		panic(err)
	}
}
