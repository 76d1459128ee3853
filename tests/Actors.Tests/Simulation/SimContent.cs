using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Symbolic master, m and v of a unit, or of a copy of one.</summary>
internal sealed class SimContent(IReadOnlyList<SimPart> parts)
{
    /// <summary>Slots that travel apart: the bits of a hash that each carries.</summary>
    private static readonly ulong[] Masks = [0x0000_0000_FFFF_FFFF, 0x0000_FFFF_0000_0000, 0xFFFF_0000_0000_0000];

    private readonly ulong[] chains = new ulong[parts.Count];

    public static int Slots => Masks.Length;

    public IReadOnlyList<SimPart> Parts => parts;

    /// <summary>The product's step counters.</summary>
    public UnitSteps Steps { get; } = new();

    public SimState this[int index] => new(chains[index], Steps[parts[index].Expert]);

    public ulong Whole => Mix.Of(chains);

    public void Set(int index, SimState state)
    {
        chains[index] = state.Chain;
        Steps[parts[index].Expert] = state.Steps;
    }

    /// <summary>As it is now.</summary>
    public SimContent Copy()
    {
        var copy = new SimContent(parts);
        chains.CopyTo(copy.chains, 0);
        Assert.True(copy.Steps.Unpack(Steps.Pack()));
        return copy;
    }

    /// <summary>The optimizer's pass, in place.</summary>
    public void Pass(DecidedUpdate decided, ulong reduced)
    {
        if (decided.Skip)
        {
            return;
        }

        for (int i = 0; i < chains.Length; i++)
        {
            chains[i] = SimLayout.Apply(parts[i], this[i], decided.Step, decided.GradientScale, decided.LearningRate, reduced).Chain;
        }

        Steps.Advance();
    }

    /// <summary>A pass that did not end: part of the content is new, part of it old.</summary>
    public void Tear()
    {
        for (int i = 0; i < chains.Length; i++)
        {
            chains[i] = Mix.Of(chains[i], 0xDEAD);
        }
    }

    /// <summary>One slot of <paramref name="other"/> arrives.</summary>
    public void Put(int slot, SimContent other)
    {
        for (int i = 0; i < chains.Length; i++)
        {
            chains[i] = (chains[i] & ~Masks[slot]) | (other.chains[i] & Masks[slot]);
        }

        if (slot == 0)
        {
            Assert.True(Steps.Unpack(other.Steps.Pack()));
        }
    }
}
