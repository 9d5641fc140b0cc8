using Grpc.Core;

namespace Verathos.Enclave.Remote;

/// <summary>Carries an <see cref="EnclaveFailure"/> across gRPC, apart from the failures that gRPC itself has.</summary>
internal static class FailureMetadata
{
    private const string Key = "verathos-failure";

    /// <summary>The failure as gRPC's exception. Its text holds nothing of a request.</summary>
    public static RpcException ToRpc(EnclaveException failure) => new(
        new Status(
            failure.Failure switch
            {
                EnclaveFailure.InvalidArgument or EnclaveFailure.Undecryptable => StatusCode.InvalidArgument,
                EnclaveFailure.Overloaded => StatusCode.ResourceExhausted,
                EnclaveFailure.Unavailable => StatusCode.FailedPrecondition,
                EnclaveFailure.Incomplete => StatusCode.Aborted,
                _ => StatusCode.Internal,
            },
            failure.Message),
        new Metadata { { Key, failure.Failure.ToString() } });

    /// <summary>The failure out of gRPC's exception; one that the enclave did not name is a broken connection.</summary>
    public static EnclaveException FromRpc(RpcException exception, string path) =>
        exception.Trailers.GetValue(Key) is { } name && Enum.TryParse(name, out EnclaveFailure failure) && Enum.IsDefined(failure)
            ? new EnclaveException(failure, exception.Status.Detail)
            : new EnclaveException(
                EnclaveFailure.ConnectionLost,
                $"The enclave process on {path} does not answer: {exception.StatusCode}. Look whether 'verathos enclave' still runs.");
}
