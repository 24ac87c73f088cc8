#!/usr/bin/env node
// Runs the program that the package for this platform brought, with the same arguments, streams and exit code.
"use strict";

const { name, optionalDependencies } = require("../package.json");
const { spawnSync } = require("node:child_process");

const part = `${name}-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${part}/bin/contexture`);
} catch {
  const known = Object.keys(optionalDependencies).join(", ");
  console.error(`${name} has no program for ${process.platform} on ${process.arch}: ${part} is not installed.`);
  console.error(`There are ${known}. Was it installed with --omit=optional, or copied from another machine?`);
  process.exit(2);
}
// Where node can become another program, nothing stands between the terminal and that.
if (process.execve) process.execve(program, [program, ...process.argv.slice(2)]);
const { status, signal, error } = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`${program}: ${error.message}`);
  process.exit(2);
}
if (signal) process.kill(process.pid, signal);
process.exit(status);
