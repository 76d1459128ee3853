namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>A tensor a complete checkpoint holds.</summary>
/// <param name="Name">Parameter name, unique in the model.</param>
/// <param name="Layer">Decoder block or -1.</param>
/// <param name="Expert">Expert or -1.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Slots">Slots saved of it.</param>
public sealed record ExpectedTensor(string Name, int Layer, int Expert, long[] Shape, IReadOnlyList<string> Slots);

/// <summary>What can be wrong with a set of entries.</summary>
public enum CompletenessFault
{
    /// <summary>Elements no entry holds.</summary>
    Missing,

    /// <summary>Elements two entries hold.</summary>
    Overlap,

    /// <summary>An entry of a tensor or slot the model has not.</summary>
    Unknown,

    /// <summary>An entry whose layer, expert, shape, dtype or range contradicts the model or its neighbours.</summary>
    Mismatch,
}

/// <summary>One thing wrong with a set of entries.</summary>
/// <param name="Fault">Kind.</param>
/// <param name="Tensor">Tensor.</param>
/// <param name="Slot">Slot.</param>
/// <param name="Layer">Layer as expected (for <see cref="CompletenessFault.Unknown"/>: as found).</param>
/// <param name="Expert">Expert likewise.</param>
/// <param name="Begin">First element concerned.</param>
/// <param name="End">Element after the last.</param>
/// <param name="Message">One sentence.</param>
public sealed record CompletenessProblem(CompletenessFault Fault, string Tensor, string Slot, int Layer, int Expert, long Begin, long End, string Message);
