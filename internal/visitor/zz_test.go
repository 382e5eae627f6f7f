package visitor
import ("testing";"os";"bufio";"fmt";"sort")
func TestDevFP(t *testing.T){
 c,err:=New(Options{}); if err!=nil {t.Fatal(err)}
 for _,f:=range []string{"1","2","3","4","5"} {
  fh,_:=os.Open("/root/go/pkg/mod/github.com/medama-io/go-useragent@v1.2.3/data/"+f+".txt")
  sc:=bufio.NewScanner(fh); sc.Buffer(make([]byte,1<<20),1<<20)
  n,b:=0,0; reasons:=map[string]int{}; ex:=map[string]string{}; dev:=map[string]int{}; oss:=map[string]int{}; br:=map[string]int{}
  dex:=map[string]string{}
  seen:=map[string]bool{}
  for sc.Scan(){ u:=sc.Text(); if seen[u]{continue}; seen[u]=true; n++; a:=c.classifyAgent(agentKey{ua:u}); if a.bot!=""{b++;reasons[a.bot]++;ex[a.bot]=u}
   dev[a.device]++; oss[a.os]++; br[a.browser]++; dex["d:"+a.device]=u; dex["o:"+a.os]=u;dex["b:"+a.browser]=u }
  fmt.Println(f,n,b,float64(b)/float64(n)*100)
  var ks []string; for k:=range reasons{ks=append(ks,k)}; sort.Slice(ks,func(i,j int)bool{return reasons[ks[i]]>reasons[ks[j]]})
  for _,k:=range ks[:min(25,len(ks))]{fmt.Println("   ",reasons[k],k,ex[k])}
  fmt.Println(dev);fmt.Println(oss);fmt.Println(br)
  for _,k:=range []string{"d:","d:other","d:tv","d:console","o:","b:","o:HarmonyOS","o:BSD","o:Xbox"} {fmt.Println("   ",k,dex[k])}
 }
}
func TestDevRecall(t *testing.T){
 c,err:=New(Options{}); if err!=nil {t.Fatal(err)}
 fh,_:=os.Open("testdata/crawler-instances.txt"); sc:=bufio.NewScanner(fh); n,m:=0,0
 for sc.Scan(){n++; if c.bots.reason(sc.Text())==""{m++;fmt.Println("MISS",sc.Text())}}
 fmt.Println(n,m)
}
