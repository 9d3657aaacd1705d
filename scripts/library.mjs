/**
 * How the library is cut into files, for dist/ and wherever it is weighed: all that src/index.ts imports is one file, which
 * compresses better than many; what is loaded when it is asked for (`import()`) are others.
 */
import { closure } from './chunks.mjs'

/** pako's table for packing is made as it is loaded: only its unpacking is used, and the rest goes where nothing hangs on that. */
const PURE = ['Config']

/** `entry`: the library, or what stands on it. */
export function libraryBuild(entry = 'src/index.ts', name = 'index') {
  const first = closure([entry], false)
  // the entry itself only names what others have: no other file can want more of it than its exports
  first.delete(entry)
  return {
    input: { [name]: entry },
    preserveEntrySignatures: 'allow-extension',
    treeshake: { manualPureFunctions: PURE },
    output: {
      format: 'esm',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: 'library', test: (id) => first.has(id.slice(id.lastIndexOf('/src/') + 1)) }],
      },
    },
  }
}
