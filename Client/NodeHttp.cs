using System.Net;
using System.Net.Http.Headers;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Requests;

namespace Verathos.Client;

/// <summary>The outer HTTP of one node: evidence and the sealed gateway, nothing else.</summary>
internal sealed class NodeHttp(Uri node, ClientOptions options, HttpMessageInvoker invoker)
{
    private const int MaximumEvidence = EvidenceCollection.MaxLength;

    /// <summary>How long the node may stay silent.</summary>
    public TimeSpan IdleTimeout => options.IdleTimeout;

    public TimeProvider Clock => options.TimeProvider;

    /// <summary>What sends: the options' handler, or a pooled one that is disposed with the invoker.</summary>
    public static HttpMessageInvoker CreateInvoker(ClientOptions options) =>
        new(options.HttpMessageHandler ?? CreateHandler(), disposeHandler: options.HttpMessageHandler is null);

    /// <summary>Fetches the evidence collection for a nonce.</summary>
    public async Task<byte[]> GetEvidenceAsync(byte[] nonce, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = new(options.AttestationTimeout, options.TimeProvider);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(node, $"{VerathosPaths.Evidence}?nonce={Convert.ToHexStringLower(nonce)}"));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(MediaTypes.Evidence));
            using HttpResponseMessage response = await invoker.SendAsync(request, linked.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
                throw Outer(response, "its evidence");

            if (response.Content.Headers.ContentType?.MediaType != MediaTypes.Evidence)
                throw new VerathosException(ClientFailure.Protocol, $"{node} is not a Verathos node: it answered the request for evidence with another media type");

            using MemoryStream body = new();
            Stream content = await response.Content.ReadAsStreamAsync(linked.Token).ConfigureAwait(false);
            byte[] buffer = new byte[64 * 1024];
            int read;
            while ((read = await content.ReadAsync(buffer, linked.Token).ConfigureAwait(false)) > 0)
            {
                if (body.Length + read > MaximumEvidence)
                    throw new VerathosException(ClientFailure.EvidenceMalformed, $"the evidence of {node} is larger than {MaximumEvidence} bytes");

                body.Write(buffer, 0, read);
            }

            return body.ToArray();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"{node} cannot be reached: {e.Message}; check the address and that the node is running", e);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"{node} gave no evidence within {options.AttestationTimeout.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Posts a sealed request and gives the outer response once its head is there.</summary>
    public async Task<HttpResponseMessage> PostAsync(SealedExchange exchange, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(node, options.GatewayPath)) { Content = new SealedContent(exchange) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(MediaTypes.ChunkedResponse));
        request.Headers.TryAddWithoutValidation("Incremental", "?1");
        HttpResponseMessage response;
        try
        {
            response = await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // What the sealing of the body refused, wrapped by the transport.
            if (e.InnerException is VerathosException own)
                throw own;

            throw new VerathosException(ClientFailure.Unreachable, $"{node} cannot be reached: {e.Message}; check the address and that the node is running", e);
        }

        if (response.StatusCode == HttpStatusCode.OK && response.Content.Headers.ContentType?.MediaType == MediaTypes.ChunkedResponse)
            return response;

        using (response)
            throw Outer(response, "a sealed request");
    }

    private VerathosException Outer(HttpResponseMessage response, string what)
    {
        int status = (int)response.StatusCode;
        TimeSpan? wait = ErrorText.RetryAfter(response.Headers.RetryAfter?.Delta is { } delta ? ((int)delta.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
        return status switch
        {
            429 => new VerathosException(ClientFailure.Unreachable, $"{node} is busy (429); try again{After(wait)}") { StatusCode = status, RetryAfter = wait },
            >= 500 => new VerathosException(ClientFailure.Unreachable, $"{node} cannot serve now ({status}); try again{After(wait)}") { StatusCode = status, RetryAfter = wait },
            400 => new VerathosException(ClientFailure.Protocol, $"{node} does not open what was sealed to the keys that it attested (400); it, or something between, is not the node of the evidence") { StatusCode = status },
            413 => new VerathosException(ClientFailure.Refused, $"{node} takes no request of this size (413); send less") { StatusCode = status },
            _ => new VerathosException(ClientFailure.Protocol, $"{node} answered {what} with {status}; check that the address is a Verathos node's") { StatusCode = status },
        };
    }

    private static string After(TimeSpan? wait) => wait is { } time ? $" in {time.TotalSeconds:0} s" : " later";

    /// <summary>No cookies, no redirects, no decompression: nothing that tags a client or widens what the host can do to it.</summary>
    private static SocketsHttpHandler CreateHandler() => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(10),
    };
}
