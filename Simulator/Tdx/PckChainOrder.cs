namespace Verathos.Simulator.Tdx;

/// <summary>In which order the PCK chain stands in a quote; all of them occur.</summary>
public enum PckChainOrder
{
    /// <summary>Leaf, intermediate, root: what Intel's library writes.</summary>
    LeafIntermediateRoot,

    /// <summary>Leaf, root, intermediate.</summary>
    LeafRootIntermediate,

    /// <summary>Root, intermediate, leaf.</summary>
    RootIntermediateLeaf,
}
