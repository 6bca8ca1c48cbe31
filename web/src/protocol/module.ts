// WebAssembly from our own server, once: the files' names carry their hashes.

const fetched = new Map<string, Promise<WebAssembly.Module>>();

export function fetchModule(address: string): Promise<WebAssembly.Module> {
  const known = fetched.get(address);
  if (known !== undefined) return known;
  const coming = WebAssembly.compileStreaming(fetch(address));
  fetched.set(address, coming);
  // Who asks after a failure tries again.
  coming.catch(() => fetched.delete(address));
  return coming;
}
