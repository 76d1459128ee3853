// Trains a small mixture of experts on a text, saves it, loads it again and lets it go on. Usage: Library TEXT-FILE FOLDER [STEPS]
using MoeActors.Compute;
using MoeActors.Compute.Specs;

var shape = new ModelSpec
{
    Name = "mine",
    Context = 64,
    Layers = 2,
    Hidden = 64,
    Heads = 4,
    KvHeads = 2,
    FeedForward = 128,
    Moe = new MoeSpec { Experts = 4, TopK = 2, ExpertHidden = 128 },
};
var training = new TrainingSpec { Steps = args.Length > 2 ? int.Parse(args[2]) : 200, GlobalBatch = 8, WarmupSteps = 10, LearningRate = 3e-3 };
using MoeModel model = Moe.Train(RunSpec.Local(shape, training), File.ReadAllText(args[0]), s => Console.Write($"\rstep {s.Step + 1}: loss {s.Loss:0.000} "));
model.Save(args[1]);
using MoeModel again = Moe.Load(args[1]);
Console.WriteLine($"\nIt was{again.Generate("It was")}");
