namespace MoeActors.Compute.Optimization;

/// <summary>Checksums of one parameter's optimizer state (<see cref="Tensors.LaneSums"/>).</summary>
/// <param name="Master">Of the fp32 weights.</param>
/// <param name="First">Of m.</param>
/// <param name="Second">Of v.</param>
internal readonly record struct StateSums(ulong Master, ulong First, ulong Second)
{
    /// <summary>The first slot in which <paramref name="other"/> differs; null where none does.</summary>
    public string? Differs(StateSums other) => Master != other.Master ? "master" : First != other.First ? "m" : Second != other.Second ? "v" : null;
}

/// <summary>Memory that nobody may change between two updates is not what the update before left there.</summary>
/// <param name="what">What is altered.</param>
public sealed class StateAlteredException(string what) : Exception(Mark + what)
{
    private const string Mark = "silent corruption: ";

    /// <summary>What is altered.</summary>
    public string What => what;

    /// <summary>Whether <paramref name="reason"/> is of such a failure.</summary>
    public static bool IsIn(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return reason.Contains(Mark, StringComparison.Ordinal);
    }
}
