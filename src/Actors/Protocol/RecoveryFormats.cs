using MessagePack;

using static MoeActors.Actors.Protocol.WireCodec;

namespace MoeActors.Actors.Protocol;

/// <summary>The parts of control messages that are about state held in memory.</summary>
internal static class RecoveryFormats
{
    public static void WriteHoldings(ref MessagePackWriter w, Holdings m)
    {
        w.Write(m.Epoch); w.Write(m.Node);
        WriteList<UnitHolding>(ref w, m.Live, WriteHolding);
        WriteList<UnitHolding>(ref w, m.Copies, WriteHolding);
        WriteUpdate(ref w, m.Decided);
    }

    public static Holdings ReadHoldings(ref MessagePackReader r) =>
        new(r.ReadInt32(), ReadText(ref r), ReadList(ref r, ReadHolding), ReadList(ref r, ReadHolding), ReadUpdate(ref r));

    public static void WriteSource(ref MessagePackWriter w, UnitSource m)
    {
        w.Write(m.Unit); w.Write((int)m.Rung); w.Write(m.Node);
    }

    public static UnitSource ReadSource(ref MessagePackReader r) => new(r.ReadInt32(), (RestoreRung)r.ReadInt32(), r.ReadInt32());

    public static void WriteUpdate(ref MessagePackWriter w, DecidedUpdate? m)
    {
        if (m is null)
        {
            w.WriteNil();
            return;
        }

        w.Write(m.Step); w.Write(m.Skip); w.Write(m.GradientScale); w.Write(m.LearningRate);
        WriteLoad(ref w, m.Load);
    }

    public static DecidedUpdate? ReadUpdate(ref MessagePackReader r) =>
        r.TryReadNil() ? null : new DecidedUpdate(r.ReadInt64(), r.ReadBoolean(), r.ReadDouble(), r.ReadDouble()) { Load = ReadLoad(ref r) };

    public static void WriteLoad(ref MessagePackWriter w, IReadOnlyList<long[]> load) =>
        WriteList(ref w, load, (ref MessagePackWriter x, long[] layer) => WriteList(ref x, layer, (ref MessagePackWriter y, long n) => y.Write(n)));

    public static IReadOnlyList<long[]> ReadLoad(ref MessagePackReader r)
    {
        List<long[]> load = ReadList(ref r, (ref MessagePackReader x) => ReadList(ref x, (ref MessagePackReader y) => y.ReadInt64()).ToArray());
        return load.Count == 0 ? [] : load;
    }

    private static void WriteHolding(ref MessagePackWriter w, UnitHolding m)
    {
        w.Write(m.Unit); w.Write(m.Step); w.Write(m.Reduced);
    }

    private static UnitHolding ReadHolding(ref MessagePackReader r) => new(r.ReadInt32(), r.ReadInt64(), r.ReadBoolean());
}
