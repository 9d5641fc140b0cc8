using System.Text;
using Verathos.Client.Requests;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;

namespace Verathos.Client.Streams;

/// <summary>A sealed answer without a receipt: authenticated by its keys, complete, and read whole.</summary>
internal static class PlainAnswer
{
    private const int MaximumBody = 4 * 1024 * 1024;

    public static async Task<byte[]> ReadAsync(NodeHttp http, SealedExchange exchange, CancellationToken cancellationToken)
    {
        using CancellationTokenSource idle = new(http.IdleTimeout, http.Clock);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await http.PostAsync(exchange, linked.Token).ConfigureAwait(false);
            using ResponseStreamOpener opener = new(exchange.CreateResponseOpener());
            Stream outer = await response.Content.ReadAsStreamAsync(linked.Token).ConfigureAwait(false);
            using MemoryStream body = new();
            byte[] buffer = new byte[16 * 1024];
            int status = 0;
            bool ended = false;
            int read;
            do
            {
                read = await outer.ReadAsync(buffer, linked.Token).ConfigureAwait(false);
                ExchangeError error = read > 0 ? opener.Feed(buffer.AsSpan(0, read)) : opener.Complete();
                if (error != ExchangeError.None)
                    throw Broken();

                while (opener.TryRead(out ResponsePart part))
                {
                    status = part.Kind == BhttpPartKind.Head ? part.Status : status;
                    ended |= part.Kind == BhttpPartKind.End;
                    if (part.Kind == BhttpPartKind.Content)
                        body.Write(part.Content.Span);
                }
            }
            while (read > 0 && body.Length <= MaximumBody);

            if (!ended || body.Length > MaximumBody)
                throw Broken();

            if (status == 200)
                return body.ToArray();

            string text = Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length));
            throw new VerathosException(ClientFailure.Refused, $"the enclave refused the request ({status}): {ErrorText.Of(text)}")
            {
                StatusCode = status,
                ErrorBody = text,
                Code = ErrorText.CodeOf(text),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"the connection to {exchange.Node.Node} broke: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"{exchange.Node.Node} did not answer within {http.IdleTimeout.TotalSeconds:0} s", e);
        }
    }

    private static VerathosException Broken() =>
        new(ClientFailure.StreamBroken, "the answer does not open under this request's keys, or was cut");
}
