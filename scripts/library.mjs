/**
 * How the library is cut into files, for dist/ and wherever it is weighed: all that src/index.ts imports is one file, which
 * compresses better than many; what is loaded when it is asked for (`import()`) are others.
 */
import { closure } from './chunks.mjs'

const ENTRY = 'src/index.ts'

export function libraryBuild() {
  const first = closure([ENTRY], false)
  // the entry itself only names what others have: no other file can want more of it than its exports
  first.delete(ENTRY)
  return {
    input: { index: ENTRY },
    preserveEntrySignatures: 'allow-extension',
    output: {
      format: 'esm',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: 'library', test: (id) => first.has(id.slice(id.lastIndexOf('/src/') + 1)) }],
      },
    },
  }
}
