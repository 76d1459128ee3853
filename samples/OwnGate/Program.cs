// A gate of one's own, without a change to the runtime: registered by name, then trained beside top-1. Usage: OwnGate TEXT-FILE [STEPS]
using MoeActors.Compute;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Specs;
using MoeActors.Samples;

GateCatalogue.Register(RoundRobinGate.Description, moe => new RoundRobinGate(moe));
string text = File.ReadAllText(args[0]);
var training = new TrainingSpec { Steps = args.Length > 1 ? int.Parse(args[1]) : 100, GlobalBatch = 8, WarmupSteps = 10, LearningRate = 3e-3 };
foreach ((string gate, int experts) in new[] { ("top-k", 2), ("round-robin", 1) })
{
    var shape = new ModelSpec
    {
        Name = gate,
        Context = 64,
        Layers = 2,
        Hidden = 64,
        Heads = 4,
        KvHeads = 2,
        FeedForward = 128,
        Moe = new MoeSpec { Experts = 4, TopK = experts, ExpertHidden = 128, Gate = new GateSpec { Name = gate } },
    };
    StepResult? last = null;
    using MoeModel model = Moe.Train(RunSpec.Local(shape, training), text, s => last = s);
    long[] load = last!.Routed[0];
    Console.WriteLine($"{gate}: loss {last.Loss:0.000}, choices by expert {string.Join(' ', load)}");
}
