// Package arch holds the test that fails when an import arrow of this module points the wrong way.
//
// It reads every Go file, tests included, whatever its build tags. The rules stand in rules_test.go: what a package of
// ours may import, where a library may be imported, and which names are no package.
package arch
