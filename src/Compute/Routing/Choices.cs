namespace MoeActors.Compute.Routing;

/// <summary>
/// Which experts the tokens of a routing group want, as pairs: any number for a token, none included. In the order of their tokens, and for one token in the gate's own order; a token never chooses an expert twice.
/// Pure data.
/// </summary>
/// <param name="Tokens">Tokens t of the group.</param>
/// <param name="Token">Token of each choice, ascending, [c].</param>
/// <param name="Expert">Its target, [c]: an expert 0 … N-1, or one after them that nothing is sent for.</param>
/// <param name="Priority">What it is worth where not all can be kept, [c].</param>
public sealed record Choices(int Tokens, int[] Token, int[] Expert, float[] Priority)
{
    /// <summary>Choices c.</summary>
    public int Count => Token.Length;

    /// <summary>Choices of each of <paramref name="targets"/> targets; throws <see cref="IndexOutOfRangeException"/> for a choice of one that does not exist.</summary>
    public int[] PerExpert(int targets)
    {
        int[] counts = new int[targets];
        foreach (int expert in Expert)
        {
            counts[expert]++;
        }

        return counts;
    }
}
