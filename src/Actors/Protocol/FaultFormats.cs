using MessagePack;

using static MoeActors.Actors.Protocol.ControlFormats;
using static MoeActors.Actors.Protocol.WireCodec;

namespace MoeActors.Actors.Protocol;

/// <summary>The control messages of fault injection (AD-1).</summary>
internal static class FaultFormats
{
    public static readonly ControlFormat[] All =
    [
        Format(
            "fault-inject",
            (ref MessagePackWriter w, InjectFault m) =>
            {
                w.Write(m.Kind); w.Write(m.Target); WriteTexts(ref w, m.Parameters); w.Write(m.AfterStep); w.Write(m.AfterMs); w.Write(m.ForMs); w.Write(m.DryRun); w.Write(m.By);
                w.Write(m.Request);
            },
            (ref MessagePackReader r) => new InjectFault(
                ReadText(ref r), ReadText(ref r), ReadTexts(ref r), r.ReadInt64(), r.ReadInt64(), r.ReadInt64(), r.ReadBoolean(), ReadText(ref r), ReadText(ref r))),
        Format(
            "fault-cancel",
            (ref MessagePackWriter w, CancelFault m) => { w.Write(m.Id); w.Write(m.By); },
            (ref MessagePackReader r) => new CancelFault(ReadText(ref r), ReadText(ref r))),
        Format("fault-query", (ref MessagePackWriter w, FaultsQuery m) => w.Write(m.Id), (ref MessagePackReader r) => new FaultsQuery(ReadText(ref r))),
        Format(
            "fault-answer",
            (ref MessagePackWriter w, FaultAnswer m) => { w.Write(m.Accepted); w.Write(m.Id); w.Write(m.Message); },
            (ref MessagePackReader r) => new FaultAnswer(r.ReadBoolean(), ReadText(ref r), ReadText(ref r))),
        Format(
            "faults",
            (ref MessagePackWriter w, FaultsAnswer m) => { w.Write(m.Enabled); w.Write(m.MaxActive); w.Write(m.MaxMs); WriteList<FaultLine>(ref w, m.Faults, WriteLine); },
            (ref MessagePackReader r) => new FaultsAnswer(r.ReadBoolean(), r.ReadInt32(), r.ReadInt64(), ReadList(ref r, ReadLine))),
        Format(
            "fault-observe",
            (ref MessagePackWriter w, ObserveFault m) => { WriteOrder(ref w, m.Order); w.Write(m.PatienceMs); },
            (ref MessagePackReader r) => new ObserveFault(ReadOrder(ref r), r.ReadInt64())),
        Format(
            "fault-watched",
            (ref MessagePackWriter w, FaultWatched m) => { w.Write(m.Id); w.Write(m.Node); },
            (ref MessagePackReader r) => new FaultWatched(ReadText(ref r), ReadText(ref r))),
        Format(
            "fault-observed",
            (ref MessagePackWriter w, FaultObserved m) => { w.Write(m.Id); w.Write(m.Node); w.Write(m.Seen); w.Write(m.Text); },
            (ref MessagePackReader r) => new FaultObserved(ReadText(ref r), ReadText(ref r), r.ReadBoolean(), ReadText(ref r))),
        Format("fault-carry-out", (ref MessagePackWriter w, CarryOutFault m) => WriteOrder(ref w, m.Order), (ref MessagePackReader r) => new CarryOutFault(ReadOrder(ref r))),
        Format(
            "fault-carried-out",
            (ref MessagePackWriter w, FaultCarriedOut m) => { w.Write(m.Id); w.Write(m.Node); w.Write(m.Error); w.Write(m.Detail); },
            (ref MessagePackReader r) => new FaultCarriedOut(ReadText(ref r), ReadText(ref r), r.ReadString(), ReadText(ref r))),
        Format("fault-end", (ref MessagePackWriter w, EndFault m) => WriteOrder(ref w, m.Order), (ref MessagePackReader r) => new EndFault(ReadOrder(ref r))),
        Format("fault-probe", (ref MessagePackWriter w, ProbeFault m) => WriteOrder(ref w, m.Order), (ref MessagePackReader r) => new ProbeFault(ReadOrder(ref r))),
        Format(
            "fault-probed",
            (ref MessagePackWriter w, FaultProbed m) => { w.Write(m.Id); w.Write(m.Holds); w.Write(m.Text); w.Write(m.Epoch); },
            (ref MessagePackReader r) => new FaultProbed(ReadText(ref r), r.ReadBoolean(), ReadText(ref r), r.ReadInt32())),
        Format(
            "topology-query",
            (ref MessagePackWriter w, TopologyQuery _) => w.WriteNil(),
            (ref MessagePackReader r) => { _ = r.ReadNil(); return new TopologyQuery(); }),
        Format("topology", WriteTopology, ReadTopology),
        Format("note", (ref MessagePackWriter w, RunNote m) => w.Write(m.Text), (ref MessagePackReader r) => new RunNote(ReadText(ref r))),
        Format(
            "admin-journal",
            (ref MessagePackWriter w, AdminEntry m) => { w.Write(m.Kind); w.Write(m.Json); },
            (ref MessagePackReader r) => new AdminEntry(ReadText(ref r), ReadText(ref r))),
    ];

    private static void WriteTexts(ref MessagePackWriter w, IReadOnlyList<string> texts) => WriteList(ref w, texts, (ref MessagePackWriter x, string s) => x.Write(s));

    private static List<string> ReadTexts(ref MessagePackReader r) => ReadList(ref r, (ref MessagePackReader x) => ReadText(ref x));

    private static void WriteLine(ref MessagePackWriter w, FaultLine m)
    {
        w.Write(m.Id); w.Write(m.Kind); w.Write(m.Target); w.Write(m.State); w.Write(m.AtStep); w.Write(m.ForMs); w.Write(m.Observer); w.Write(m.Outcome); w.Write(m.TookMs);
    }

    private static FaultLine ReadLine(ref MessagePackReader r) => new(
        ReadText(ref r), ReadText(ref r), ReadText(ref r), ReadText(ref r), r.ReadInt64(), r.ReadInt64(), ReadText(ref r), ReadText(ref r), r.ReadDouble());

    private static void WriteOrder(ref MessagePackWriter w, FaultOrder m)
    {
        w.Write(m.Id); w.Write(m.Kind); WriteTexts(ref w, m.Parameters); w.Write(m.ForMs); WriteList<NodeIdentity>(ref w, m.Nodes, WriteNode);
        w.Write(m.Actor); w.Write(m.RunFolder); w.Write(m.Epoch); w.Write(m.Fence);
    }

    private static FaultOrder ReadOrder(ref MessagePackReader r) => new(
        ReadText(ref r), ReadText(ref r), ReadTexts(ref r), r.ReadInt64(), ReadList(ref r, ReadNode), ReadText(ref r), ReadText(ref r), r.ReadInt32(), r.ReadInt64());

    private static void WriteTopology(ref MessagePackWriter w, Topology m)
    {
        w.Write(m.Running); w.Write(m.RunFolder); w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Fence); w.Write(m.Coordinator);
        WriteList<NodeIdentity>(ref w, m.Nodes, WriteNode);
        WriteTexts(ref w, m.RankNodes);
        w.Write(m.MoeLayers); w.Write(m.Experts);
    }

    private static Topology ReadTopology(ref MessagePackReader r) => new(
        r.ReadBoolean(), ReadText(ref r), r.ReadInt32(), r.ReadInt64(), r.ReadInt64(), ReadText(ref r), ReadList(ref r, ReadNode), ReadTexts(ref r), r.ReadInt32(), r.ReadInt32());
}
