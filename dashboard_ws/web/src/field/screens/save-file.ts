/** Hands a file to the person: to another app where the phone can (WhatsApp), else as a download. */

export async function saveFile(file: File): Promise<void> {
  const share = { files: [file] };
  if ((navigator as { canShare?: (what: ShareData) => boolean }).canShare?.(share)) {
    try {
      await navigator.share(share);
      return;
    } catch {
      // Closed without choosing an app: a download is still a copy.
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // The browser reads it after this call has ended.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
