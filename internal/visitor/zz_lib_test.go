package visitor
import ("testing";"os";"strings";"fmt")
func TestDevLibs(t *testing.T){ c,_:=New(Options{}); b,_:=os.ReadFile("/tmp/vdata/libs.txt")
 for _,u:=range strings.Split(strings.TrimSpace(string(b)),"\n"){fmt.Printf("%-30s %s\n",c.bots.reason(u),u)}; fmt.Println(c.CountryDate(), c.BotListVersion(), len(c.bots.find.found), c.bots.find.stride) }
