namespace Verathos.Client.Streams;

/// <summary>One server-sent event.</summary>
/// <param name="Name">Its name; null for a plain message.</param>
/// <param name="Data">Its data lines joined by line feeds, as received.</param>
internal readonly record struct SseEvent(string? Name, ReadOnlyMemory<byte> Data);
