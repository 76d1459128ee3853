using MessagePack;

using static MoeActors.Actors.Protocol.WireCodec;

namespace MoeActors.Actors.Protocol;

/// <summary>How one message type is written and read.</summary>
internal sealed record ControlFormat(string Code, Type Type, ControlFormat.Writer Write, ControlFormat.Reader Read)
{
    public delegate void Writer(ref MessagePackWriter writer, object message);

    public delegate object Reader(ref MessagePackReader reader);
}

/// <summary>
/// The table of control messages. Codes are part of the wire protocol: a code is never reused for another layout
/// (raise <see cref="ProtocolVersion.Current"/> instead).
/// </summary>
internal static class ControlFormats
{
    internal delegate void BodyWriter<in T>(ref MessagePackWriter w, T m);

    internal delegate T BodyReader<out T>(ref MessagePackReader r);

    private static readonly ControlFormat[] All =
    [
        Format("hello", (ref MessagePackWriter w, NodeHello m) => WriteNode(ref w, m.Node), (ref MessagePackReader r) => new NodeHello(ReadNode(ref r))),
        Format(
            "hello-answer",
            (ref MessagePackWriter w, HelloAnswer m) => { w.Write(m.Fence); w.Write(m.Refusal); },
            (ref MessagePackReader r) => new HelloAnswer(r.ReadInt64(), r.ReadString())),
        Format("prepare", WritePrepare, ReadPrepare),
        Format(
            "ask-holdings",
            (ref MessagePackWriter w, AskHoldings m) => { w.Write(m.RunKey); w.Write(m.Epoch); w.Write(m.Fence); },
            (ref MessagePackReader r) => new AskHoldings(r.ReadUInt64(), r.ReadInt32(), r.ReadInt64())),
        Format<Holdings>("holdings", RecoveryFormats.WriteHoldings, RecoveryFormats.ReadHoldings),
        Format(
            "prepared",
            (ref MessagePackWriter w, EpochPrepared m) =>
            {
                w.Write(m.Epoch); w.Write(m.Node); w.Write(m.Error); w.Write(m.FetchMs); w.Write(m.RestoreMs);
                WriteList(ref w, m.Actors, (ref MessagePackWriter x, ActorIncarnation a) => { x.Write(a.Name); x.Write(a.Incarnation); });
                w.Write(m.Live);
                WriteList<DamagedState>(ref w, m.Damaged, RestoreFormats.WriteDamage);
                w.Write((int)m.Cause);
            },
            (ref MessagePackReader r) => new EpochPrepared(
                r.ReadInt32(), ReadText(ref r), r.ReadString(), r.ReadDouble(), r.ReadDouble(),
                ReadList(ref r, (ref MessagePackReader x) => new ActorIncarnation(ReadText(ref x), x.ReadInt64())),
                r.ReadBoolean(), ReadList(ref r, RestoreFormats.ReadDamage)) { Cause = (FailureCause)r.ReadInt32() }),
        Format(
            "abort",
            (ref MessagePackWriter w, AbortEpoch m) => { w.Write(m.Epoch); w.Write(m.Reason); },
            (ref MessagePackReader r) => new AbortEpoch(r.ReadInt32(), ReadText(ref r))),
        Format(
            "start",
            (ref MessagePackWriter w, StartSteps m) => { w.Write(m.Epoch); w.Write(m.Step); },
            (ref MessagePackReader r) => new StartSteps(r.ReadInt32(), r.ReadInt64())),
        Format(
            "step",
            (ref MessagePackWriter w, StepReport m) =>
            {
                w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Node);
                WriteList<RankReport>(ref w, m.Ranks, WriteRank);
                WriteList(ref w, m.Units, (ref MessagePackWriter x, UnitReport u) => { x.Write(u.Unit); x.Write(u.SquaredNorm); });
                w.Write(m.SnapshotStallMs); w.Write(m.ForwardBackwardMs); w.Write(m.IterationMs);
            },
            (ref MessagePackReader r) => new StepReport(
                r.ReadInt32(), r.ReadInt64(), ReadText(ref r), ReadList(ref r, ReadRank),
                ReadList(ref r, (ref MessagePackReader x) => new UnitReport(x.ReadInt32(), x.ReadDouble())), r.ReadDouble(), r.ReadDouble(), r.ReadDouble())),
        Format(
            "decision",
            (ref MessagePackWriter w, StepDecision m) =>
            {
                w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Skip); w.Write(m.GradientScale); w.Write(m.LearningRate);
                RestoreFormats.WriteOrder(ref w, m.Checkpoint); w.Write((int)m.After); w.Write(m.Committed);
                RecoveryFormats.WriteLoad(ref w, m.Load);
            },
            (ref MessagePackReader r) => new StepDecision(
                r.ReadInt32(), r.ReadInt64(), r.ReadBoolean(), r.ReadDouble(), r.ReadDouble(), RestoreFormats.ReadOrder(ref r), (AfterStep)r.ReadInt32(), r.ReadInt64())
            { Load = RecoveryFormats.ReadLoad(ref r) }),
        Format(
            "applied",
            (ref MessagePackWriter w, StepApplied m) => { w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Node); },
            (ref MessagePackReader r) => new StepApplied(r.ReadInt32(), r.ReadInt64(), ReadText(ref r))),
        Format(
            "ask-progress",
            (ref MessagePackWriter w, AskProgress m) => { w.Write(m.Epoch); w.Write(m.Step); },
            (ref MessagePackReader r) => new AskProgress(r.ReadInt32(), r.ReadInt64())),
        Format(
            "progress",
            (ref MessagePackWriter w, NodeProgress m) => { w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Node); w.Write(m.LaneBusyMs); w.Write(m.Doing); w.Write(m.Moves); },
            (ref MessagePackReader r) => new NodeProgress(r.ReadInt32(), r.ReadInt64(), ReadText(ref r), r.ReadDouble(), ReadText(ref r), r.ReadInt64())),
        Format(
            "evaluate",
            (ref MessagePackWriter w, EvaluateState m) => { w.Write(m.Epoch); w.Write(m.Step); w.Write(m.MaxSequences); },
            (ref MessagePackReader r) => new EvaluateState(r.ReadInt32(), r.ReadInt64(), r.ReadInt64())),
        Format(
            "evaluated",
            (ref MessagePackWriter w, EvaluationReport m) => { w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Node); WriteList<RankReport>(ref w, m.Ranks, WriteRank); },
            (ref MessagePackReader r) => new EvaluationReport(r.ReadInt32(), r.ReadInt64(), ReadText(ref r), ReadList(ref r, ReadRank))),
        Format(
            "persisted",
            (ref MessagePackWriter w, SnapshotPersisted m) =>
            {
                w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Node); w.Write(m.EntriesJson); w.Write(m.Bytes); w.Write(m.PersistMs);
                w.Write(m.SnapshotMs); w.Write(m.Error);
            },
            (ref MessagePackReader r) => new SnapshotPersisted(
                r.ReadInt32(), r.ReadInt64(), ReadText(ref r), ReadText(ref r), r.ReadInt64(), r.ReadDouble(), r.ReadDouble(), r.ReadString())),
        Format(
            "ask-persisted",
            (ref MessagePackWriter w, AskPersisted m) => { w.Write(m.Epoch); w.Write(m.Step); },
            (ref MessagePackReader r) => new AskPersisted(r.ReadInt32(), r.ReadInt64())),
        Format(
            "fault",
            (ref MessagePackWriter w, NodeFault m) => { w.Write(m.Epoch); w.Write(m.Node); w.Write(m.Actor); w.Write(m.Reason); w.Write((int)m.Cause); },
            (ref MessagePackReader r) => new NodeFault(r.ReadInt32(), ReadText(ref r), ReadText(ref r), ReadText(ref r)) { Cause = (FailureCause)r.ReadInt32() }),
        Format(
            "end-node",
            (ref MessagePackWriter w, EndNode m) => { w.Write(m.Fence); w.Write(m.Reason); },
            (ref MessagePackReader r) => new EndNode(r.ReadInt64(), ReadText(ref r))),
        Format(
            "end",
            (ref MessagePackWriter w, EndRun m) => { w.Write(m.Epoch); w.Write(m.Outcome); },
            (ref MessagePackReader r) => new EndRun(r.ReadInt32(), ReadText(ref r))),
        Format(
            "journal",
            (ref MessagePackWriter w, CoordinatorEntry m) => { w.Write(m.Kind); w.Write(m.Json); w.Write(m.Checksum); },

            // Journals of older builds end before the checksum.
            (ref MessagePackReader r) => new CoordinatorEntry(ReadText(ref r), ReadText(ref r), r.End ? "" : ReadText(ref r))),
        Format(
            "submit",
            (ref MessagePackWriter w, SubmitRun m) => { w.Write(m.SpecJson); w.Write(m.RunFolder); w.Write(m.Resume); w.Write(m.Command); },
            (ref MessagePackReader r) => new SubmitRun(ReadText(ref r), ReadText(ref r), r.ReadBoolean(), ReadText(ref r))),
        Format(
            "submit-answer",
            (ref MessagePackWriter w, SubmitAnswer m) => { w.Write(m.Accepted); w.Write(m.Message); w.Write((int)m.Cause); },
            (ref MessagePackReader r) => new SubmitAnswer(r.ReadBoolean(), ReadText(ref r)) { Cause = (FailureCause)r.ReadInt32() }),
        Format("stop", (ref MessagePackWriter w, StopRun m) => w.Write(m.Reason), (ref MessagePackReader r) => new StopRun(ReadText(ref r))),
        Format("query", (ref MessagePackWriter w, StatusQuery m) => w.Write(m.SinceEvent), (ref MessagePackReader r) => new StatusQuery(r.ReadInt64())),
        Format("status", WriteStatus, ReadStatus),
        Format(
            "knock",
            (ref MessagePackWriter w, AuthenticationRequest m) => { w.Write(m.Protocol); w.Write(m.Build); w.Write(m.Nonce); w.Write(m.Proof); w.Write(m.Joins); },
            (ref MessagePackReader r) => new AuthenticationRequest(r.ReadInt32(), ReadText(ref r), ReadText(ref r), ReadText(ref r), r.ReadBoolean())),
        Format(
            "knock-answer",
            (ref MessagePackWriter w, AuthenticationAnswer m) => { w.Write(m.Refusal); w.Write(m.Proof); },
            (ref MessagePackReader r) => new AuthenticationAnswer(r.ReadString(), ReadText(ref r))),
        Format(
            "get-ready",
            (ref MessagePackWriter w, GetReady m) => { w.Write(m.RunKey); w.Write(m.SpecJson); w.Write(m.Fence); },
            (ref MessagePackReader r) => new GetReady(r.ReadUInt64(), ReadText(ref r), r.ReadInt64())),
        Format(
            "ready",
            (ref MessagePackWriter w, NodeReady m) => { w.Write(m.RunKey); w.Write(m.Node); w.Write(m.Error); w.Write((int)m.Cause); },
            (ref MessagePackReader r) => new NodeReady(r.ReadUInt64(), ReadText(ref r), r.ReadString()) { Cause = (FailureCause)r.ReadInt32() }),
        .. FaultFormats.All,
    ];

    private static readonly Dictionary<Type, ControlFormat> ByType = All.ToDictionary(f => f.Type);

    private static readonly Dictionary<string, ControlFormat> ByCode = All.ToDictionary(f => f.Code);

    public static IEnumerable<Type> Types => ByType.Keys;

    public static ControlFormat Of(Type type) => ByType[type];

    public static ControlFormat? Of(string code) => ByCode.GetValueOrDefault(code);

    internal static ControlFormat Format<T>(string code, BodyWriter<T> write, BodyReader<T> read)
        where T : IControlMessage =>
        new(
            code,
            typeof(T),
            (ref MessagePackWriter w, object m) => write(ref w, (T)m),
            (ref MessagePackReader r) => read(ref r));

    internal static void WriteNode(ref MessagePackWriter w, NodeIdentity n)
    {
        w.Write(n.Name); w.Write(n.Incarnation); w.Write(n.Address); w.Write(n.Host); w.Write(n.Pid); w.Write(n.ProcessStart);
        w.Write(n.DataAddress); w.Write(n.Cores); w.Write(n.MemoryBytes); w.Write(n.Build); w.Write(n.Protocol); w.Write(n.Journal);
    }

    internal static NodeIdentity ReadNode(ref MessagePackReader r) => new(
        ReadText(ref r), ReadText(ref r), ReadText(ref r), ReadText(ref r), r.ReadInt32(), r.ReadInt64(),
        ReadText(ref r), r.ReadInt32(), r.ReadInt64(), ReadText(ref r), r.ReadInt32(), ReadText(ref r));

    private static void WriteRank(ref MessagePackWriter w, RankReport m)
    {
        w.Write(m.Rank); w.Write(m.CrossEntropySum); w.Write(m.Tokens);
        WriteList(ref w, m.Losses, (ref MessagePackWriter x, NamedLoss l) => { x.Write(l.Name); x.Write(l.Value); });
        w.Write(m.Dropped); w.Write(m.ComputeMs); w.Write(m.ExposedMs);
        WriteList(ref w, m.Routed, (ref MessagePackWriter x, int i) => x.Write(i));
    }

    private static RankReport ReadRank(ref MessagePackReader r) => new(
        r.ReadInt32(), r.ReadDouble(), r.ReadInt64(), ReadList(ref r, (ref MessagePackReader x) => new NamedLoss(ReadText(ref x), x.ReadDouble())), r.ReadInt64(), r.ReadDouble(), r.ReadDouble(),
        ReadList(ref r, (ref MessagePackReader x) => x.ReadInt32()));

    private static void WritePrepare(ref MessagePackWriter w, PrepareEpoch m)
    {
        w.Write(m.RunKey); w.Write(m.Epoch); w.Write(m.SpecJson); w.Write(m.RunFolder);
        WriteList<NodeIdentity>(ref w, m.Nodes, WriteNode);
        WriteList(ref w, m.NodeOfRank, (ref MessagePackWriter x, int i) => x.Write(i));
        w.Write(m.RestoreStep); w.Write(m.Fence);
        WriteList<RestoreItem>(ref w, m.Restore, RestoreFormats.WriteItem);
        WriteList<UnitSource>(ref w, m.Sources, RecoveryFormats.WriteSource);
        RecoveryFormats.WriteUpdate(ref w, m.Redo);
        RestoreFormats.WriteOrder(ref w, m.Save);
        WriteList(ref w, m.Fresh, (ref MessagePackWriter x, int i) => x.Write(i));
    }

    private static PrepareEpoch ReadPrepare(ref MessagePackReader r) => new(
        r.ReadUInt64(), r.ReadInt32(), ReadText(ref r), ReadText(ref r), ReadList(ref r, ReadNode),
        ReadList(ref r, (ref MessagePackReader x) => x.ReadInt32()), r.ReadInt64(), r.ReadInt64(), ReadList(ref r, RestoreFormats.ReadItem),
        ReadList(ref r, RecoveryFormats.ReadSource), RecoveryFormats.ReadUpdate(ref r), RestoreFormats.ReadOrder(ref r),
        ReadList(ref r, (ref MessagePackReader x) => x.ReadInt32()));

    private static void WriteStatus(ref MessagePackWriter w, RunStatus m)
    {
        w.Write(m.Phase); w.Write(m.RunId); w.Write(m.RunFolder); w.Write(m.Epoch); w.Write(m.Step); w.Write(m.Steps); w.Write(m.Loss);
        w.Write(m.ValidationLoss); w.Write(m.TokensPerSecond); w.Write(m.SecondsPerStep); w.Write(m.NodesUp); w.Write(m.NodesWanted); w.Write(m.Checkpoint);
        w.Write(m.SlowestRank); w.Write(m.Outcome); w.Write(m.LastEvent);
        WriteList(ref w, m.Events, (ref MessagePackWriter x, string s) => x.Write(s));
        WriteList(ref w, m.Nodes, (ref MessagePackWriter x, string s) => x.Write(s));
        w.Write(m.Plt); w.Write(m.Ettr); w.Write((int)m.Cause);
    }

    private static RunStatus ReadStatus(ref MessagePackReader r) => new(
        ReadText(ref r), ReadText(ref r), ReadText(ref r), r.ReadInt32(), r.ReadInt64(), r.ReadInt64(), r.ReadDouble(),
        r.ReadDouble(), r.ReadDouble(), r.ReadDouble(), r.ReadInt32(), r.ReadInt32(), r.ReadInt64(),
        r.ReadInt32(), ReadText(ref r), r.ReadInt64(),
        ReadList(ref r, (ref MessagePackReader x) => ReadText(ref x)), ReadList(ref r, (ref MessagePackReader x) => ReadText(ref x)), r.ReadDouble(), r.ReadDouble())
    { Cause = (FailureCause)r.ReadInt32() };
}
