using System.CommandLine;
using Verathos.Host.Commands;

namespace Verathos.Host.Cli;

/// <summary>Every verb of the program, one file each under Commands/.</summary>
public static class Verbs
{
    /// <summary>The verbs in the order in which help lists them.</summary>
    public static IEnumerable<Command> All()
    {
#if SIMULATOR
        yield return DemoCommand.Create();
#endif
        yield return NodeCommand.Create();
        yield return EnclaveCommand.Create();
        yield return ChatCommand.Create();
        yield return ProxyCommand.Create();
        yield return EvidenceCommand.Create();
        yield return CollateralCommand.Create();
        yield return ReceiptCommand.Create();
#if SIMULATOR
        yield return PolicyCommand.Create();
        yield return DrillCommand.Create();
#endif
        yield return ValidatorCommand.Create();
        yield return DoctorCommand.Create();
        yield return ConfigCommand.Create();
        yield return ModelCommand.Create();
        yield return TrainCommand.Create();
#if SIMULATOR
        yield return BenchCommand.Create();
#endif
    }
}
