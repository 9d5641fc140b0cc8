using Microsoft.Extensions.Logging;
using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Front;
using Verathos.Host.Logs;

namespace Verathos.Host.Node;

/// <summary>Runs a node until it is told to stop: front first, so that it is live while a model loads, then the enclave.</summary>
internal sealed class NodeService(NodeConfiguration configuration, Output output, TextWriter log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time = TimeProvider.System;

    /// <summary>Starts, serves, drains. Ends normally when <paramref name="stop"/> is cancelled.</summary>
    /// <exception cref="CommandException">The node could not start, or its evidence does not satisfy its policy.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        OwnEvidence? own = OwnEvidence.Open(configuration);
        IPlatformDriver? driver = configuration.Enclave is null ? EnclaveComposition.OpenDriver(configuration, EnclaveTopology.InProcess) : null;
        if (configuration.Enclave is null)
        {
            // A model that is not there is told before anything starts.
            foreach (ModelConfiguration model in configuration.Served)
            {
                _ = ModelPath.Resolve(model.Path);
            }
        }

        using IDisposable? disposable = driver as IDisposable;
        using ILoggerProvider logs = FrontLogging.CreateProvider(log, configuration.LogLevel);
        DeferredEnclave enclave = new();
        await using (enclave.ConfigureAwait(false))
        {
            FrontServer front = new(configuration, enclave, _time, logs);
            await using (front.ConfigureAwait(false))
            {
                await StartAsync(front, stop).ConfigureAwait(false);
                try
                {
                    await ServeAsync(front, enclave, driver, own, stop).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    // Told to stop: what runs may finish below.
                }

                output.Note("verathos: stopping; running answers may finish. Press Ctrl-C again to end at once.");
                int cut = await front.StopAsync().ConfigureAwait(false);
                output.Note(cut == 0 ? "verathos: stopped" : $"verathos: stopped; {cut} answers ran past the deadline and were cut");
            }
        }
    }

    private static async Task StartAsync(FrontServer front, CancellationToken stop)
    {
        try
        {
            await front.StartAsync(stop).ConfigureAwait(false);
        }
        catch (IOException problem)
        {
            throw new CommandException(ExitCode.Failed, problem.Message, problem);
        }
    }

    private async Task ServeAsync(FrontServer front, DeferredEnclave deferred, IPlatformDriver? driver, OwnEvidence? own, CancellationToken stop)
    {
        string addresses = string.Join(", ", front.Addresses.Select(address => address.GetLeftPart(UriPartial.Authority)));
        output.Note($"verathos: listening on {addresses}; the enclave is starting");
        IEnclave enclave = driver is null
            ? GrpcEnclave.Connect(SocketPath())
            : await EnclaveComposition.StartAsync(configuration, EnclaveTopology.InProcess, driver, output, stop).ConfigureAwait(false);
        EnclaveStatus status;
        try
        {
            if (own is null)
            {
                deferred.Set(enclave);
            }

            status = await WaitAsync(enclave, stop).ConfigureAwait(false);
            if (own is not null)
            {
                await own.RequireAcceptedAsync(enclave, _time, stop).ConfigureAwait(false);
                deferred.Set(enclave);
            }
        }
        finally
        {
            // Not in its place, so nobody else ends it.
            if (!deferred.IsSet)
            {
                await enclave.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (status.Simulated)
        {
            output.Simulated();
        }

        output.Note($"verathos: ready: {string.Join(", ", status.Models.Select(static model => model.Name))} on {addresses}");
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop).ConfigureAwait(false);
    }

    private async Task<EnclaveStatus> WaitAsync(IEnclave enclave, CancellationToken stop)
    {
        string? told = null;
        while (true)
        {
            EnclaveStatus status = await enclave.GetStatusAsync(stop).ConfigureAwait(false);
            if (status.Ready)
            {
                return status;
            }

            if (status.NotReadyReason is { } reason && reason != told)
            {
                told = reason;
                output.Note($"verathos: waiting for the enclave: {reason}");
            }

            await Task.Delay(Patience, _time, stop).ConfigureAwait(false);
        }
    }

    private string SocketPath() => UnixAddress.TryParse(configuration.Enclave!, out string? path)
        ? path
        : throw new InvalidOperationException("the configuration was not checked");
}
