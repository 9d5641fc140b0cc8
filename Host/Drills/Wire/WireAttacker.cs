using System.Net.Http.Headers;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Drills.Wire;

/// <summary>An attacker on the wire between a client and an honest node: it sees and changes what passes and can open none of it.</summary>
internal sealed class WireAttacker : DelegatingHandler
{
    public WireAttacker()
        : base(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
    }

    /// <summary>Changes a sealed answer's body.</summary>
    public Func<byte[], byte[]>? Answer { get; init; }

    /// <summary>Changes a sealed answer's response, after its body.</summary>
    public Action<HttpResponseMessage>? Response { get; init; }

    /// <summary>The sealed answers that passed, before they were changed.</summary>
    public List<byte[]> Passed { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.Method != HttpMethod.Post || response.Content.Headers.ContentType?.MediaType != MediaTypes.ChunkedResponse)
        {
            return response;
        }

        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        byte[] changed = Answer?.Invoke(body) ?? body;
        Passed.Add(body);
        MediaTypeHeaderValue? type = response.Content.Headers.ContentType;
        response.Content = new ByteArrayContent(changed);
        response.Content.Headers.ContentType = type;
        Response?.Invoke(response);
        return response;
    }
}
