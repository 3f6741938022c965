/**
 * The last step of a build: joins the modules beside this folder into few files.
 *
 *   node dist/packaging/main.js
 */
import { fileURLToPath } from 'node:url'
import { joinModules } from './join-modules.ts'

await joinModules(fileURLToPath(new URL('..', import.meta.url)))
