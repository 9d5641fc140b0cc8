using System.Diagnostics.CodeAnalysis;

namespace Verathos.Drills.Tests.Removal;

[CollectionDefinition(Name)]
[SuppressMessage("Naming", "CA1711", Justification = "The test framework's name.")]
public sealed class DrillCollection : ICollectionFixture<DrillFixture>
{
    public const string Name = "drills";
}
