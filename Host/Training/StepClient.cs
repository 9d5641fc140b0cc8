using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Grpc;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>Asks workers for opened steps.</summary>
internal static class StepClient
{
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(500);

    /// <summary>Asks until an answer comes or the time is over.</summary>
    /// <param name="address">Where the worker is.</param>
    /// <param name="client">Signs the request.</param>
    /// <param name="worker">The worker.</param>
    /// <param name="round">The round.</param>
    /// <param name="recordDigest">Digest of the record.</param>
    /// <param name="step">The step.</param>
    /// <param name="most">Bytes that the answer has at most.</param>
    /// <param name="patience">How long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What came, sealed; or why nothing did.</returns>
    public static async Task<(byte[]? Sealed, string Why)> AskAsync(
        string address, CoordinatorClient client, WorkerKey worker, ulong round, ReadOnlyMemory<byte> recordDigest, int step, long most, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            return (null, "it gave no address");
        }

        using GrpcChannel channel = CoordinatorClient.CreateChannel(uri);
        TrainingWorkerService.TrainingWorkerServiceClient service = new(channel);
        OpenStepRequest request = new()
        {
            Request = client.Sign("open-step", round, RequestBodies.OpenStep(worker, recordDigest, step)),
            Validator = ByteString.CopyFrom(client.Name.Span),
            RecordDigest = ByteString.CopyFrom(recordDigest.Span),
            Step = (uint)step,
            Round = round,
        };
        long start = time.GetTimestamp();
        string why = "it does not answer";
        do
        {
            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            over.CancelAfter(patience > TimeSpan.FromSeconds(1) ? patience : TimeSpan.FromSeconds(1));
            try
            {
                using AsyncServerStreamingCall<Piece> call = service.OpenStep(request, cancellationToken: over.Token);
                return (await CoordinatorClient.ReadAsync(call.ResponseStream, most, over.Token).ConfigureAwait(false), "");
            }
            catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
            {
                why = exception.StatusCode.ToString();
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                why = "it takes too long";
            }
            catch (TrainingException exception)
            {
                return (null, exception.Message);
            }

            await Task.Delay(s_again, time, cancellationToken).ConfigureAwait(false);
        }
        while (time.GetElapsedTime(start) < patience);

        return (null, why);
    }
}
