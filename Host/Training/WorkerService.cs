using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Grpc;
using Verathos.Training;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Host.Training;

/// <summary>The worker's end of <c>Protocol/Training.proto</c>: opens inner steps for the run's validators, sealed to who asks.</summary>
internal sealed class WorkerService(WorkerOpenings openings) : TrainingWorkerService.TrainingWorkerServiceBase
{
    public override async Task OpenStep(OpenStepRequest request, IServerStreamWriter<Piece> responseStream, ServerCallContext context)
    {
        (RunFile run, WorkerLoop loop, WorkerKey worker) = openings.Current ?? throw new RpcException(new Status(StatusCode.Unavailable, "the worker is starting"));
        RoundValidator? validator = run.RoundValidators.FirstOrDefault(one => one.Name.Span.SequenceEqual(request.Validator.Span));
        if (validator is null || request.Step > int.MaxValue || request.RecordDigest.Length != 32
            || !RequestCheck.Speaks(validator.SigningKey, request.Request.Span, run.Id, "open-step", request.Round, RequestBodies.OpenStep(worker, request.RecordDigest.Memory, (int)request.Step)))
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, "steps are opened for the run's validators"));
        }

        try
        {
            (byte[] content, WorkerPacket packet) = await loop.OpenAsync(request.Round, request.RecordDigest.Memory, (int)request.Step, context.CancellationToken).ConfigureAwait(false)
                ?? throw new RpcException(new Status(StatusCode.NotFound, "there is no such step to open"));
            SealSubject subject = new(SealSubject.Step, run.Id, worker, request.Round, SHA256.HashData(packet.Message.Span));
            await CoordinatorService.SendAsync(GradientSeal.Seal(content, subject, [validator.SealKey]), responseStream, context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TrainingException or IOException)
        {
            throw new RpcException(new Status(StatusCode.NotFound, "the step cannot be opened any more"));
        }
    }
}
