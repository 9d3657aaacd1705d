/** The heading that a release writes. */
import { expect, it } from 'vitest'
import { released } from '../../scripts/changelog.mjs'

const BEFORE = '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n\n## [0.1.0] - 2026-01-01\n\n- B.\n'

it('stands below an empty [Unreleased], in front of what was unreleased', () => {
  expect(released(BEFORE, '0.2.0', '2026-02-03')).toBe(
    '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n\n### Added\n\n- A.\n\n## [0.1.0] - 2026-01-01\n\n- B.\n',
  )
  expect(released('## [Unreleased]\n\n- A.\n', '0.1.0', '2026-02-03')).toContain('## [0.1.0] - 2026-02-03\n\n- A.')
})

it('is not written where there is nothing to release, or the version is there', () => {
  expect(() => released('# Changelog\n', '0.2.0', '2026-02-03')).toThrow('no heading [Unreleased]')
  expect(() => released('## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- B.\n', '0.2.0', '2026-02-03')).toThrow(
    'nothing below',
  )
  expect(() => released(BEFORE, '0.1.0', '2026-02-03')).toThrow('has 0.1.0 already')
})
