using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>Where a validator learns which nodes there are: a file, or a registry.</summary>
public interface INodeDirectory
{
    /// <summary>All nodes, each name once.</summary>
    /// <exception cref="InvalidDataException">The list is not what it must be; it is then taken as unchanged, never as empty.</exception>
    Task<IReadOnlyList<ListedNode>> ListAsync(CancellationToken cancellationToken);
}
