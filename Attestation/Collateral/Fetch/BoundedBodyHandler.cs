namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>
/// Reads an answer's body up to the request's bound, within the time of one try: the resilience handlers outside of it would
/// otherwise be done when the headers are there, and a body could drip for ever.
/// </summary>
internal sealed class BoundedBodyHandler : DelegatingHandler
{
    /// <summary>Bytes of the longest body that this request takes.</summary>
    public static readonly HttpRequestOptionsKey<int> Longest = new("verathos.longest");

    private const int LongestError = 4096;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            bool taken = response.IsSuccessStatusCode;
            int longest = request.Options.TryGetValue(Longest, out int value) ? value : LongestError;
            byte[] body = await ReadAsync(response.Content, taken ? longest : LongestError, cut: !taken, request.RequestUri!, cancellationToken).ConfigureAwait(false);
            response.Content.Dispose();
            response.Content = new ByteArrayContent(body);
            return response;
        }
        catch (Exception e)
        {
            response.Dispose();
            if (e is IOException and not HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded })
            {
                throw new HttpRequestException(HttpRequestError.ResponseEnded, $"the answer broke off: {e.Message}", e);
            }

            throw;
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, int longest, bool cut, Uri address, CancellationToken cancellationToken)
    {
        if (!cut && content.Headers.ContentLength > longest)
        {
            throw TooLarge(address, longest);
        }

        using Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using MemoryStream body = new();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return body.ToArray();
            }

            if (body.Length + count > longest)
            {
                return cut ? body.ToArray() : throw TooLarge(address, longest);
            }

            body.Write(buffer, 0, count);
        }
    }

    private static CollateralException TooLarge(Uri address, int longest) =>
        new(FetchFailure.TooLarge, $"{address.Host} answers with more than {longest} bytes, which no such document has");
}
