namespace Verathos.Bench.Canaries;

/// <summary>Looks at outer requests as a host does: headers and the length of the ciphertext of the latest one.</summary>
internal sealed class TappingHandler() : DelegatingHandler(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
{
    public long SealedBytes { get; private set; }

    public string Headers { get; private set; } = "";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
        {
            Headers = string.Join('\n', request.Headers.Concat(request.Content.Headers).Select(static header => $"{header.Key}: {string.Join(", ", header.Value)}"));
            await request.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
            SealedBytes = request.Content.Headers.ContentLength ?? 0;
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }
}
