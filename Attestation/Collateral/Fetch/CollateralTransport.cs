using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>
/// The one place of this room that opens connections: bounded in time and size, repeated where the service or the network failed,
/// and never redirected. Nothing is believed because of where it came from: documents are verified by their signatures.
/// </summary>
public sealed class CollateralTransport : IDisposable
{
    private const int LongestDetail = 200;

    private readonly IHttpClientFactory _factory;
    private readonly ServiceProvider? _owned;

    /// <summary>A transport over a factory in which <see cref="Register"/> registered its client.</summary>
    public CollateralTransport(IHttpClientFactory factory, FetchLimits limits)
        : this(factory, limits, null)
    {
    }

    private CollateralTransport(IHttpClientFactory factory, FetchLimits limits, ServiceProvider? owned)
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(limits);
        (_factory, Limits, _owned) = (factory, limits, owned);
    }

    /// <summary>The name of the client in the factory.</summary>
    public const string ClientName = "verathos.collateral";

    /// <summary>The bounds.</summary>
    public FetchLimits Limits { get; }

    /// <summary>A transport with a factory of its own.</summary>
    /// <exception cref="ArgumentException">The limits are not sound.</exception>
    public static CollateralTransport Create(FetchLimits limits)
    {
        ServiceCollection services = new();
        Register(services, limits);
        ServiceProvider provider = services.BuildServiceProvider();
        return new CollateralTransport(provider.GetRequiredService<IHttpClientFactory>(), limits, provider);
    }

    /// <summary>Registers the client with its handlers: total time, repetition, time of one try, size.</summary>
    /// <exception cref="ArgumentException">The limits are not sound.</exception>
    public static void Register(IServiceCollection services, FetchLimits limits)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(limits);
        if (limits.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join("; ", problems), nameof(limits));
        }

        IHttpClientBuilder client = services.AddHttpClient(ClientName, http =>
        {
            // The pipeline's own times hold.
            http.Timeout = Timeout.InfiniteTimeSpan;
            http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("verathos", "0.1"));
        });
        client.ConfigurePrimaryHttpMessageHandler(static () => new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            Proxy = new LoopbackBypass(HttpClient.DefaultProxy),
        });

        // Addresses name chips, and logs outlive them.
        client.RemoveAllLoggers();
        client.AddResilienceHandler("collateral", pipeline =>
        {
            pipeline.AddTimeout(limits.Total);
            if (limits.Retries > 0)
            {
                pipeline.AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = limits.Retries,
                    Delay = limits.FirstDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = outcome => ValueTask.FromResult(
                        HttpClientResiliencePredicates.IsTransient(outcome.Outcome) && !IsHopeless(outcome.Outcome, limits)),
                });
            }

            pipeline.AddTimeout(limits.Attempt);
        });
        client.AddHttpMessageHandler(static () => new BoundedBodyHandler());
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    /// <summary>Asks for a document.</summary>
    /// <exception cref="CollateralException">There is no whole answer of status 200.</exception>
    internal async Task<CollateralAnswer> GetAsync(Uri address, int longest, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        return await SendAsync(request, longest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks with a body.</summary>
    /// <exception cref="CollateralException">There is no whole answer of status 200.</exception>
    internal async Task<CollateralAnswer> PostAsync(
        Uri address, byte[] body, string mediaType, string accept, int longest, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return await SendAsync(request, longest, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CollateralAnswer> SendAsync(HttpRequestMessage request, int longest, CancellationToken cancellationToken)
    {
        Uri address = request.RequestUri!;
        request.Options.Set(BoundedBodyHandler.Longest, longest);
        try
        {
            using HttpClient client = _factory.CreateClient(ClientName);
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw Refused(address, response, body);
            }

            Dictionary<string, string?> headers = response.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToArray() is [string only] ? only : null, StringComparer.OrdinalIgnoreCase);
            return new CollateralAnswer(address, body, headers.GetValueOrDefault);
        }
        catch (TimeoutRejectedException e)
        {
            throw new CollateralException(FetchFailure.TimedOut, $"{address.Host} gave no whole answer in time ({Limits.Attempt.TotalSeconds:0.#} s a try, {Limits.Total.TotalSeconds:0.#} s in all)", e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new CollateralException(FetchFailure.TooLarge, $"{address.Host} answers with headers that no such document has: {e.Message}", e);
        }
        catch (HttpRequestException e)
        {
            throw new CollateralException(FetchFailure.Unreachable, $"{address.Host} cannot be reached: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CollateralException(FetchFailure.TimedOut, $"{address.Host} gave no answer in time", e);
        }
    }

    // A service that wants a longer pause than there is, or whose headers alone are too long, is not asked again.
    private static bool IsHopeless(Outcome<HttpResponseMessage> outcome, FetchLimits limits) =>
        outcome.Result?.Headers.RetryAfter is { } retry && (retry.Delta > limits.Total || retry.Date is not null)
        || outcome.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded };

    private static CollateralException Refused(Uri address, HttpResponseMessage response, byte[] body)
    {
        int status = (int)response.StatusCode;
        (FetchFailure failure, string text) = status switch
        {
            >= 300 and < 400 => (FetchFailure.Redirected, "points elsewhere, where nobody is followed: name the right address"),
            404 => (FetchFailure.NotFound, "has no such document"),
            410 => (FetchFailure.Gone, "publishes this document no longer"),
            429 => (FetchFailure.Throttled, "asks for fewer requests: try again later"),
            >= 500 or 408 => (FetchFailure.ServerError, "failed"),
            _ => (FetchFailure.Refused, "refused the request"),
        };
        string said = status is >= 400 and < 500 ? System.Text.Encoding.UTF8.GetString(body).Trim() : "";

        // A page says nothing that fits a line; JSON and text may.
        string detail = said.Length is 0 || said[0] == '<' ? "" : $" ({Shorten(said)})";
        return new CollateralException(failure, $"{address.Host} {text}, HTTP {status}{detail}");
    }

    private static string Shorten(string text) => text.Length <= LongestDetail ? text : text[..LongestDetail].Trim() + "...";
}
