using System.CommandLine;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator ...</c>: audits nodes.</summary>
internal static class ValidatorCommand
{
    public static Command Create() => new("validator", "Audit nodes: challenge their evidence, send canaries, have computations opened, score")
    {
        ValidatorInitCommand.Create(),
        ValidatorKeysCommand.Create(),
        ValidatorCalibrateCommand.Create(),
        ValidatorRunCommand.Create(),
        ValidatorReportCommand.Create(),
        ValidatorReleaseCommand.Create(),
        ValidatorDisputeCommand.Create(),
        ValidatorVerifyCommand.Create(),
    };
}
