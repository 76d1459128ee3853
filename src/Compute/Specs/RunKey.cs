using System.IO.Hashing;
using System.Text;

namespace MoeActors.Compute.Specs;

/// <summary>Short name of a run on the data plane: the hash of its id and arithmetic.</summary>
public static class RunKey
{
    /// <summary>Key of <paramref name="spec"/>.</summary>
    public static ulong Of(RunSpec spec) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Lineage.Of(spec)));
}
