/** The page without a network: its service worker, and storage that the browser does not clear by itself. */

/** Calls `news` with what loads a newer version, once one is there. */
export async function keepOffline(news: (load: () => void) => void): Promise<void> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (serviceWorker === undefined) return;
  const had = serviceWorker.controller !== null;
  // The network may end just then: the next visit tries again.
  const registration = await serviceWorker.register("field-sw.js").catch(() => null);
  if (registration === null) return;
  const tell = (): void => {
    const { waiting } = registration;
    if (waiting === null || !had) return;
    news(() => {
      serviceWorker.addEventListener("controllerchange", () => location.reload());
      waiting.postMessage("activate");
    });
  };
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", tell));
  tell();
}

/** Whether the browser promises to keep what is stored. Some ask the user, some decide by use, some cannot say. */
export async function keepStorage(): Promise<boolean> {
  const storage = (navigator as { storage?: StorageManager }).storage;
  if (storage?.persist === undefined) return false;
  return (await storage.persisted()) || (await storage.persist());
}
