/** The changelog's headings. */

/** What is unreleased gets the version and the day (`2026-11-23`) as its heading. Throws where there is nothing to release. */
export function released(changelog, version, day) {
  const [, unreleased] = /^## \[Unreleased\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog) ?? []
  if (unreleased === undefined) throw new Error('CHANGELOG.md has no heading [Unreleased]')
  if (unreleased.trim() === '') throw new Error('CHANGELOG.md has nothing below [Unreleased]')
  if (changelog.includes(`## [${version}]`)) throw new Error(`CHANGELOG.md has ${version} already`)
  return changelog.replace('## [Unreleased]\n', () => `## [Unreleased]\n\n## [${version}] - ${day}\n`)
}
