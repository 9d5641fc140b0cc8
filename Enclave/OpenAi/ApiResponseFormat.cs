using Verathos.Enclave.Memory;

namespace Verathos.Enclave.OpenAi;

/// <summary>What <c>response_format</c> asks for beside plain text. Wiped on <see cref="Dispose"/>.</summary>
/// <param name="digest">SHA-256 of the member's value as sent.</param>
/// <param name="schema">The JSON Schema in UTF-8, or null for any JSON object.</param>
public sealed class ApiResponseFormat(byte[] digest, SecretBuffer? schema) : IDisposable
{
    /// <summary>SHA-256 of the member's value as sent, 32 bytes.</summary>
    public ReadOnlyMemory<byte> Digest => digest;

    /// <summary>The JSON Schema in UTF-8, or null for any JSON object.</summary>
    public SecretBuffer? Schema => schema;

    /// <inheritdoc/>
    public void Dispose() => schema?.Dispose();
}
